//! One byte of a file is wrong. The database heals it, or refuses with the file and the place, at open or at the first look;
//! it never panics, and never shows other rows.
//!
//! There is one exception, which the last test states: behind the last checkpoint's record a damaged log record
//! cannot be told from one that a crash has cut off, and the log ends there.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use engine::api::Database;
use engine::io::{DiskImage, IoAction, SimFs, Survival};

use super::bytes::u64_at;
use super::database::{Files, insert, open};
use super::log::{self, Segment};
use super::pages::{Node, Superblock};

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// What became of a damaged database.
enum Outcome {
    /// All rows, and a sound tree.
    Whole,
    /// Fewer or other rows, without a word.
    Other(Rows),
    /// Refused, at open or when the damage was met.
    Refused(String),
}

/// A database of two tables, closed, and its rows; the log was checkpointed in between.
struct Sound {
    image: DiskImage,
    files: Files,
    rows: Rows,
}

impl Sound {
    /// Ends with a checkpoint, or without one: then the last rows are in the log only.
    fn new(closed: bool) -> Self {
        let fs = SimFs::new();
        let db: Database = open(&fs).expect("an empty directory");
        db.create_table("empty").expect("a new table");
        let table = db.create_table("rows").expect("a new table");
        let mut rows = Rows::new();
        for n in 0..60u32 {
            let (key, row) = (format!("row-{n:03}").into_bytes(), vec![n as u8; 400]);
            insert(&db, table, &[(&key, &row)]);
            rows.insert(key, row);
            if n == 40 {
                db.checkpoint().expect("a working disk");
            }
        }
        if closed {
            db.close().expect("a clean end");
        } else {
            drop(db);
        }
        let fs = fs.crash(Survival::Nothing);
        Self { image: fs.image(), files: Files::of(&fs), rows }
    }

    /// What an opening shows after one bit of one byte was turned.
    fn flipped(&self, file: &str, at: usize) -> Outcome {
        let fs = self.image.restart(Survival::Everything);
        fs.corrupt(file, at as u64, 1 << (at % 8));
        let outcome = catch_unwind(AssertUnwindSafe(|| self.look(&fs)));
        outcome.unwrap_or_else(|_| panic!("a panic after a flip in `{file}` at {at}"))
    }

    fn look(&self, fs: &SimFs) -> Outcome {
        match read_all(fs) {
            Err(said) => Outcome::Refused(said),
            Ok(rows) if rows == self.rows => Outcome::Whole,
            Ok(rows) => Outcome::Other(rows),
        }
    }

    /// Healed, or refused with all of `words`.
    #[track_caller]
    fn check(&self, file: &str, bytes: impl IntoIterator<Item = usize>, words: &[&str]) -> Seen {
        let mut seen = Seen::default();
        for at in bytes {
            match self.flipped(file, at) {
                Outcome::Whole => seen.healed += 1,
                Outcome::Refused(said) => {
                    let missing = words.iter().find(|word| !said.contains(**word));
                    assert!(missing.is_none(), "`{file}` at {at}: {missing:?} is missing in: {said}");
                    seen.refused += 1;
                }
                Outcome::Other(rows) => panic!("`{file}` at {at}: silently {} of {} rows", rows.len(), self.rows.len()),
            }
        }
        seen
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    healed: u32,
    refused: u32,
}

fn read_all(fs: &SimFs) -> Result<Rows, String> {
    let db: Database = open(fs).map_err(|error| error.to_string())?;
    let mut rows = Rows::new();
    let table = db.table("rows").map_err(|error| error.to_string())?;
    let mut txn = db.begin().map_err(|error| error.to_string())?;
    let visit = |key: &[u8], row: &[u8]| {
        rows.insert(key.to_vec(), row.to_vec());
        ControlFlow::Continue(())
    };
    txn.scan(table, .., visit).map_err(|error| error.to_string())?;
    drop(txn);
    db.verify().map_err(|error| error.to_string())?;
    Ok(rows)
}

#[test]
fn a_superblock_slot_stands_in_for_the_other() {
    for closed in [true, false] {
        let sound = Sound::new(closed);
        for slot in [0, 4096] {
            // Every field, some of the zeros, the checksum.
            let bytes = (0..88).chain([500, 4091]).chain(4092..4096).map(|at| slot + at);
            assert_eq!(sound.check("data", bytes, &[]), Seen { healed: 94, refused: 0 });
        }
    }
    let sound = Sound::new(true);
    let fs = sound.image.restart(Survival::Everything);
    fs.corrupt("data", 20, 1);
    fs.corrupt("data", 4096 + 20, 1);
    let said = read_all(&fs).expect_err("must not open");
    assert!(said.contains("`data`") && said.contains("bytes 0 and 4096") && said.contains("backup"), "{said}");
}

#[test]
fn a_page_is_healed_from_its_copy_or_named() {
    let sound = Sound::new(true);
    let newest = Superblock::newest(sound.files.file("data"));
    let root = Node::parse(sound.files.page(3));
    assert_eq!((root.tree, root.level, newest.sequence), (2, 1, 5));
    let copies: Vec<u64> = sound.files.file("doublewrite").chunks_exact(8192).map(|copy| u64_at(copy, 16)).collect();
    let mut pages = vec![1, 3];
    pages.extend(root.children());
    let mut seen = [0, 0];
    for page in pages {
        // The page header, the node header, heads and slots, the heap's end.
        let every = if page <= 4 { 1 } else { 7 };
        let bytes = (0..64).step_by(every).chain([64, 70, 130, 200, 8000, 8191]).map(|at| page as usize * 8192 + at);
        let outcome =
            sound.check("data", bytes, &["`data`", &format!("page {page} at byte {}", page * 8192), "backup"]);
        let has_copy = copies.contains(&page);
        assert_eq!((outcome.healed > 0, outcome.refused > 0), (has_copy, !has_copy), "page {page}: {outcome:?}");
        seen[usize::from(has_copy)] += 1;
    }
    assert!(seen[0] > 0 && seen[1] > 0, "pages without and with a copy: {seen:?}");
}

#[test]
fn a_damaged_copy_is_no_harm_while_its_page_is_whole() {
    let sound = Sound::new(true);
    let ring = sound.files.file("doublewrite").len();
    let bytes = (0..ring / 8192).flat_map(|slot| [0, 4, 8, 16, 24, 40, 5000].map(|at| slot * 8192 + at));
    assert_eq!(sound.check("doublewrite", bytes, &[]).refused, 0);
}

#[test]
fn a_segment_header_is_named() {
    for closed in [true, false] {
        let sound = Sound::new(closed);
        for (name, file) in sound.files.segments() {
            let number = Segment::parse(file).number;
            let outcome = sound.check(name, 0..52, &["wal-", "byte 0", "LSN", "restore"]);
            assert_eq!(outcome, Seen { healed: 0, refused: 52 }, "segment {number}");
            // The rest of the block belongs to nobody.
            assert_eq!(sound.check(name, [52, 1000, 4095], &[]).refused, 0);
        }
    }
}

#[test]
fn a_record_that_was_surely_durable_is_named() {
    let sound = Sound::new(false);
    let newest = Superblock::newest(sound.files.file("data"));
    let [(name, file)] = sound.files.segments()[..] else { panic!("one segment") };
    let place = |lsn: u64| (4096 + lsn - Segment::parse(file).first_lsn) as usize;
    // The checkpoint's own record: the last that the superblock vouches for.
    assert_eq!(newest.analysis_from, newest.record);
    let bytes = place(newest.record)..place(newest.record) + 8 + 25;
    let seen = sound.check(name, bytes, &[name, "at byte", "LSN", "durable beyond", "restore"]);
    assert_eq!(seen, Seen { healed: 0, refused: 33 });
    // Below it nobody reads, and the padding behind it is no part of it.
    let below = (place(4096)..place(newest.record)).step_by(97).chain([place(newest.record) + 33]);
    assert_eq!(sound.check(name, below, &[]).refused, 0);
}

/// The exception. Whoever flips a byte here is taken for a crash: the log ends before the record.
#[test]
fn behind_the_last_checkpoint_damage_ends_the_log() {
    let sound = Sound::new(false);
    let newest = Superblock::newest(sound.files.file("data"));
    let [(name, file)] = sound.files.segments()[..] else { panic!("one segment") };
    let first = Segment::parse(file).first_lsn;
    let frames = log::read(&sound.files);
    let mut in_checkpoint = sound.rows.clone();
    in_checkpoint.retain(|key, _| key.as_slice() <= b"row-040".as_slice());
    for (at, frame) in frames.iter().enumerate().filter(|(_, frame)| frame.start >= newest.record_end).step_by(5) {
        let commits =
            frames[..at].iter().filter(|frame| frame.start >= newest.record_end && frame.payload[0] == 0x20).count();
        let expected: Rows = sound.rows.clone().into_iter().take(in_checkpoint.len() + commits).collect();
        for byte in [0, 3, 4, 7, 8, frame.payload.len() as u64 + 7] {
            match sound.flipped(name, (4096 + frame.start - first + byte) as usize) {
                Outcome::Other(rows) => {
                    assert_eq!(rows, expected, "exactly what was committed before {:#x}", frame.start)
                }
                Outcome::Whole => panic!("the record at {:#x} was not needed", frame.start),
                Outcome::Refused(said) => panic!("{said}"),
            }
        }
    }
}

/// Positions in the ring begin anew with every opening, so the newest copy of a page may be gone and an older one be left.
#[test]
fn an_older_copy_heals_nothing() {
    let fs = SimFs::new();
    let db: Database = open(&fs).expect("an empty directory");
    let (table, other) = (db.create_table("rows").expect("a table"), db.create_table("other").expect("a table"));
    insert(&db, table, &[(b"key", b"-")]);
    let mut last = b'0';
    // Until the newest copy of the table's page, 2, is in the first slot, and older ones are behind.
    while last < b'1' || u64_at(&Files::of(&fs).file("doublewrite")[..24], 16) != 2 {
        last += 1;
        let mut txn = db.begin().expect("a seat");
        assert!(txn.update(table, b"key", |row| row[0] = last).expect("free"));
        let ticket = txn.commit().expect("a working disk");
        db.wait(&ticket).expect("a working disk");
        db.checkpoint().expect("a working disk");
    }
    db.close().expect("a clean end");
    let db: Database = open(&fs).expect("opens");
    insert(&db, other, &[(b"key", b"row")]);
    db.close().expect("a clean end");
    let fs = fs.crash(Survival::Nothing);
    fs.corrupt("data", 2 * 8192 + 5000, 1);
    if let Ok(rows) = read_all(&fs) {
        assert_eq!(rows, Rows::from([(b"key".to_vec(), vec![last])]));
    }
}

/// A killed process leaves pages written in place and not synced. The next one must not use their slots before they are.
#[test]
fn a_kill_and_then_a_power_cut_lose_nothing() {
    let fs = SimFs::new();
    let db: Database = open(&fs).expect("an empty directory");
    let table = db.create_table("rows").expect("a table");
    let mut rows = Rows::new();
    for n in 0..330u32 {
        let (key, row) = (format!("row-{:03}", n * 7 % 330).into_bytes(), vec![n as u8; 1000]);
        insert(&db, table, &[(&key, &row)]);
        rows.insert(key, row);
    }
    db.checkpoint().expect("a working disk");
    for n in 0..200u32 {
        let key = format!("row-{:03}", n * 37 % 330).into_bytes();
        let mut txn = db.begin().expect("a seat");
        assert!(txn.update(table, &key, |row| row.fill(0xee)).expect("free"));
        let ticket = txn.commit().expect("a working disk");
        db.wait(&ticket).expect("a working disk");
        rows.insert(key, vec![0xee; 1000]);
    }
    drop(db);
    let cuts = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&cuts);
    fs.observe(move |event, image| {
        if event.action == IoAction::Write && &*event.file == "data" {
            seen.lock().expect("one thread").push(image.clone());
        }
    });
    drop(open::<engine::select::CommitLog>(&fs).expect("recovers"));
    let cuts = std::mem::take(&mut *cuts.lock().expect("one thread"));
    for (nth, image) in cuts.iter().take(40).enumerate() {
        for seed in 0..4 {
            match read_all(&image.restart(Survival::Random(seed))) {
                Ok(found) => assert!(found == rows, "write {nth} of {}: other rows", cuts.len()),
                Err(said) => panic!("write {nth} of {}: {said}", cuts.len()),
            }
        }
    }
}
