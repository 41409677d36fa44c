//! The log of a small scripted run, compared with what the page says, record by record and byte by byte.

use std::any::TypeId;
use std::collections::BTreeSet;

use engine::api::Database;
use engine::io::SimFs;
use engine::transaction::wal::CommitLog;
use engine::transaction::wal::grouped::GroupedLog;

use super::bytes::varint;
use super::database::{Files, insert, open};
use super::log::{self, Frame, Segment, Structure};
use super::pages::{Entry, Node, Superblock};

engine::on_both_logs! {
    records_of_rows_and_transactions records_of_the_tree a_reopened_log_goes_on_in_a_new_segment
    a_load_is_one_record a_log_longer_than_a_segment
}

/// What the log must contain: literal bytes, with positions filled in by [`Script::at`].
#[derive(Default)]
struct Script(Vec<Vec<u8>>);

impl Script {
    fn next(&mut self, payload: impl AsRef<[u8]>) -> u64 {
        let start = self.end();
        self.0.push(payload.as_ref().to_vec());
        start
    }

    /// Eight bytes of frame, the payload, zeros up to a multiple of eight.
    fn end(&self) -> u64 {
        4096 + self.0.iter().map(|payload| (8 + payload.len() as u64).next_multiple_of(8)).sum::<u64>()
    }
}

/// Kind, words of eight bytes each.
fn checkpoint(words: &[u64]) -> Vec<u8> {
    std::iter::once(0x60).chain(words.iter().flat_map(|word| word.to_le_bytes())).collect()
}

fn create_tree(tree: u32, root: u64, listed: Option<&str>) -> Vec<u8> {
    let mut payload = [&[0x40][..], &tree.to_le_bytes(), &root.to_le_bytes(), &[u8::from(listed.is_some())]].concat();
    if let Some(name) = listed {
        payload.extend(1u64.to_le_bytes());
        payload.extend((name.len() as u16).to_le_bytes());
        payload.extend(name.as_bytes());
        payload.extend([12, 0]);
        payload.extend(tree.to_le_bytes());
        payload.extend(root.to_le_bytes());
    }
    payload
}

/// A commit record names the timestamp only if it is taken before the record is durable: under group commit.
fn commit<L: CommitLog>(txn: u8, ts: u8) -> [u8; 3] {
    [0x20, txn, if TypeId::of::<L>() == TypeId::of::<GroupedLog>() { ts } else { 0 }]
}

fn run<L: CommitLog>(db: &Database<L>, change: impl FnOnce(&mut engine::api::Txn<'_, L>)) {
    let mut txn = db.begin().expect("a seat");
    change(&mut txn);
    let ticket = txn.commit().expect("a working disk");
    db.wait(&ticket).expect("a working disk");
}

fn records_of_rows_and_transactions<L: CommitLog>() {
    let fs = SimFs::new();
    let db = open::<L>(&fs).expect("an empty directory");
    let mut log = Script::default();
    log.next(create_tree(0, 1, None));
    log.next(checkpoint(&[log.end(), 1, 0]));

    let table = db.create_table("people").expect("a new table");
    log.next(create_tree(1, 2, Some("people")));

    insert(&db, table, &[(b"alice", b"100"), (b"bob", b"200"), (b"carol", b"300")]);
    log.next(b"\x01\x01\x01\x02\x05\x03alice100"); // insert: txn, table, page, key length, row length
    log.next(b"\x01\x01\x01\x02\x03\x03bob200");
    log.next(b"\x01\x01\x01\x02\x05\x03carol300");
    log.next(commit::<L>(1, 1));

    run(&db, |txn| {
        txn.update(table, b"bob", |row| row.copy_from_slice(b"250")).expect("free");
        txn.update(table, b"carol", |row| row.push(b'0')).expect("free");
    });
    log.next(b"\x02\x02\x01\x02\x03\x01\x01\x01bob05"); // update: …, at, bytes before, bytes after
    log.next(b"\x02\x02\x01\x02\x05\x03\x00\x01carol0");
    log.next(commit::<L>(2, 2));

    run(&db, |txn| assert!(txn.delete(table, b"alice").expect("free")));
    log.next(b"\x03\x03\x01\x02\x05\x00\x00\x00alice");
    log.next(commit::<L>(3, 3));

    insert(&db, table, &[(b"alice", b"111")]);
    log.next(b"\x04\x04\x01\x02\x05\x01\x02\x02alice0011"); // a ghost revived: as an update
    log.next(commit::<L>(4, 4));

    let mut txn = db.begin().expect("a seat");
    txn.insert(table, b"dave", b"400").expect("free");
    txn.update(table, b"bob", |row| row.copy_from_slice(b"999")).expect("free");
    txn.rollback().expect("a rollback");
    let inserted = log.next(b"\x01\x05\x01\x02\x04\x03dave400");
    let updated = log.next(b"\x02\x05\x01\x02\x03\x00\x03\x03bob250999");
    // Compensations: … key length, position undone, [ghost, patch], key, [bytes after]. The newest change first.
    log.next([b"\x12\x05\x01\x02\x03", &varint(updated)[..], b"\x00\x00\x03\x03bob250"].concat());
    log.next([b"\x11\x05\x01\x02\x04", &varint(inserted)[..], b"dave"].concat());
    log.next(b"\x21\x05");

    run(&db, |txn| assert!(txn.delete(table, b"carol").expect("free")));
    db.vacuum().expect("a working disk");
    log.next(b"\x03\x06\x01\x02\x05\x00\x00\x00carol");
    log.next(commit::<L>(6, 5));
    log.next(b"\x05\x00\x01\x02\x05carol"); // purge: of no transaction

    let mut open_txn = db.begin().expect("a seat");
    open_txn.insert(table, b"erin", b"500").expect("free");
    db.checkpoint().expect("a working disk");
    let first_lsn = log.next(b"\x01\x07\x01\x02\x04\x03erin500");
    let redo_from = log.end();
    // redo from, next transaction, last timestamp; then id and lower bound of each open writer.
    let record = log.next(checkpoint(&[redo_from, 8, 5, 7, first_lsn]));
    let ticket = open_txn.commit().expect("a working disk");
    db.wait(&ticket).expect("a working disk");
    let record_end = redo_from + 56;
    log.next(commit::<L>(7, 6));

    drop(db);
    let files = Files::of(&fs);
    let frames = log::read(&files);
    for (frame, expected) in frames.iter().zip(&log.0) {
        assert_eq!(frame.payload, *expected, "the record at {:#x}", frame.start);
    }
    assert_eq!((frames.len(), frames.last().map(|frame| frame.end)), (log.0.len(), Some(log.end())));
    let superblock =
        Superblock { sequence: 4, redo_from, next_txn: 8, next_ts: 6, analysis_from: first_lsn, record, record_end };
    assert_eq!(Superblock::newest(files.file("data")), superblock);
}

fn structures(frames: &[Frame]) -> Vec<(u64, Structure)> {
    frames.iter().filter_map(|frame| Some((frame.end, Structure::parse(&frame.payload)?))).collect()
}

fn records_of_the_tree<L: CommitLog>() {
    let fs = SimFs::new();
    let db = open::<L>(&fs).expect("an empty directory");
    let table = db.create_table("rows").expect("a new table");
    let key = |n: u32| format!("row-{n:05}").into_bytes();
    for n in 0..40 {
        insert(&db, table, &[(&key(n), &[n as u8; 1000])]);
    }
    let frames = log::read(&Files::of(&fs));
    let made = structures(&frames);
    let mut roots = 0;
    let mut pages = BTreeSet::from([1, 2]);
    for (end, record) in &made {
        match record {
            Structure::CreateTree { tree, root, listing } => {
                let row = [&tree.to_le_bytes()[..], &root.to_le_bytes()].concat();
                let expected = (*tree == 1).then(|| (1, b"rows".to_vec(), row));
                assert_eq!((*root, listing), (u64::from(*tree) + 1, &expected));
            }
            Structure::SplitRoot { root, separator, left, right } => {
                roots += 1;
                let [left, right] = [left, right].map(|image| Node::parse_unsealed(&image.page()));
                assert_eq!((*root, left.level, right.level), (2, 0, 0));
                assert_eq!((left.lsn, right.lsn), (0, 0), "a page image is from before its record");
                assert_eq!((&left.lower[..], left.upper.as_ref()), (&b""[..], Some(separator)));
                assert_eq!((&right.lower, &right.upper), (separator, &None));
                assert!(pages.insert(left.id) && pages.insert(right.id), "new pages");
            }
            Structure::Split { left, parent, keep, separator, right } => {
                let moved = Node::parse_unsealed(&right.page());
                assert!(pages.contains(left) && pages.insert(moved.id), "a page in use and a new one");
                assert_eq!((*parent, moved.lower.as_slice()), (2, separator.as_slice()));
                assert!(*keep >= 1 && moved.entries.iter().all(|entry| entry.key() >= &separator[..]));
                let fronts = 64 + (4 + 6) * moved.entries.len();
                assert_eq!(right.front.len(), fronts, "header and exactly as many slots as entries, at {end:#x}");
            }
            Structure::Unlink { .. } => panic!("nothing was deleted"),
            Structure::Load { .. } => panic!("nothing was loaded"),
        }
    }
    assert_eq!(roots, 1);
    assert!(made.len() > 5);

    run(&db, |txn| {
        for n in 0..20 {
            assert!(txn.delete(table, &key(n)).expect("free"));
        }
    });
    db.vacuum().expect("a working disk");
    // Records of no transaction reach the disk with the next commit.
    insert(&db, table, &[(&key(40), b"row")]);
    let made = structures(&log::read(&Files::of(&fs)));
    db.checkpoint().expect("a working disk");
    let files = Files::of(&fs);
    let mut freed_pages = 0;
    for (end, record) in made {
        if let Structure::Unlink { parent: 2, index, freed, heir, lower, upper } = record {
            freed_pages += 1;
            assert!(index <= 1 && pages.contains(&freed) && pages.contains(&heir) && freed != heir);
            assert!(upper.is_none_or(|upper| lower < upper));
            let page = files.page(freed);
            assert_eq!((page[4], super::bytes::u64_at(page, 8)), (1, end), "type free, and the LSN says since when");
            assert!(page[28..].iter().all(|&byte| byte == 0));
        }
    }
    assert!(freed_pages >= 2, "{freed_pages}");
    let left: usize =
        Node::parse(files.page(2)).children().iter().map(|&page| Node::parse(files.page(page)).entries.len()).sum();
    assert_eq!(left, 21);
}

fn a_load_is_one_record<L: CommitLog>() {
    let fs = SimFs::new();
    let db = open::<L>(&fs).expect("an empty directory");
    let table = db.create_table("rows").expect("a new table");
    let before = log::read(&Files::of(&fs)).len();
    let load = db.load(table).expect("an empty table");
    let mut rows = load.part(b"", None).expect("all keys");
    for n in 0..40_u32 {
        rows.push(format!("row-{n:05}").as_bytes(), &[n as u8; 1000]).expect("ascending");
    }
    load.finish(vec![rows.finish()]).expect("a working disk");
    let frames = log::read(&Files::of(&fs));
    let made = structures(&frames[before..]);
    let [(end, Structure::Load { root })] = &made[..] else { panic!("{made:?}") };
    assert_eq!(frames.len(), before + 1, "no row is logged");
    let root = Node::parse_unsealed(&root.page());
    assert_eq!((root.id, root.level, root.lsn, &root.lower[..], &root.upper), (2, 1, 0, &b""[..], &None));

    db.checkpoint().expect("a working disk");
    let files = Files::of(&fs);
    let in_place = Node::parse(files.page(2));
    assert_eq!((in_place.lsn, in_place.children()), (*end, root.children()));
    let leaves: Vec<Node> = root.children().iter().map(|&page| Node::parse(files.page(page))).collect();
    assert_eq!(leaves.iter().map(|leaf| leaf.entries.len()).sum::<usize>(), 40);
    assert!(leaves.len() > 3 && leaves.iter().all(|leaf| leaf.level == 0 && leaf.lsn < *end));
}

fn a_reopened_log_goes_on_in_a_new_segment<L: CommitLog>() {
    let fs = SimFs::new();
    let db = open::<L>(&fs).expect("an empty directory");
    let table = db.create_table("people").expect("a new table");
    insert(&db, table, &[(b"alice", b"100")]);
    let mut loser = db.begin().expect("a seat");
    loser.insert(table, b"frank", b"600").expect("free");
    insert(&db, table, &[(b"gina", b"700")]);
    let before = Files::of(&fs);
    std::mem::forget(loser);
    drop(db);
    let frames = log::read(&before);
    let inserted = frames.iter().find(|frame| frame.payload.ends_with(b"frank600")).expect("its record").start;
    let end = frames.last().expect("records").end;

    let db = open::<L>(&fs).expect("recovers");
    let files = Files::of(&fs);
    let [old] = files.names().into_iter().filter(|name| name.starts_with("wal-spare-")).collect::<Vec<_>>()[..] else {
        panic!("the old segment, let go of by the checkpoint that ends a recovery: {:?}", files.names())
    };
    assert_eq!(
        files.file(old),
        before.file("wal-0000000001"),
        "a log is continued in a new segment, never in an old one"
    );
    let first_lsn = end.next_multiple_of(4096);
    let segment = Segment { number: 2, epoch: 2, first_lsn, continues_from: end, body_bytes: 60 << 10 };
    assert_eq!(Segment::parse(files.file("wal-0000000002")), segment);
    let new: Vec<Frame> = log::read(&files).into_iter().filter(|frame| frame.epoch == 2).collect();
    let undone = [b"\x11\x02\x01\x02\x05", &varint(inserted)[..], b"frank"].concat();
    let payloads: Vec<&[u8]> = new.iter().map(|frame| frame.payload.as_slice()).collect();
    // Two commits, so the clock stands at 2, whether their records say so or it is counted.
    assert_eq!(payloads, [&undone[..], b"\x21\x02", &checkpoint(&[new[2].start, 4, 2])]);
    assert_eq!(new[0].start, first_lsn);

    let leaf = Node::parse(files.page(2));
    assert_eq!(leaf.entries.iter().map(Entry::key).collect::<Vec<_>>(), [b"alice".as_slice(), b"gina"]);
    drop(db);
}

fn a_log_longer_than_a_segment<L: CommitLog>() {
    let fs = SimFs::new();
    let db = open::<L>(&fs).expect("an empty directory");
    let table = db.create_table("rows").expect("a new table");
    for n in 0..150u32 {
        insert(&db, table, &[(&n.to_be_bytes(), &[n as u8; 1003])]);
    }
    let files = Files::of(&fs);
    let headers: Vec<Segment> = files.segments().iter().map(|(_, file)| Segment::parse(file)).collect();
    assert!(headers.len() >= 3, "{headers:?}");
    for pair in headers.windows(2) {
        let full = pair[0].first_lsn + pair[0].body_bytes;
        let after = Segment { number: pair[0].number + 1, first_lsn: full, continues_from: full, ..pair[0] };
        assert_eq!(pair[1], after, "within an incarnation segments follow one another without a gap");
    }
    let frames = log::read(&files);
    let crosses =
        |frame: &&Frame| headers[1..].iter().any(|next| frame.start < next.first_lsn && frame.end > next.first_lsn);
    assert!(frames.iter().any(|frame| crosses(&frame)), "a record may lie in two segments");
    assert_eq!(frames.iter().filter(|frame| frame.payload[0] == 0x01).count(), 150);

    // What a checkpoint lets go of becomes a spare, with its old bytes.
    db.checkpoint().expect("a working disk");
    let files = Files::of(&fs);
    let spares = files.names().into_iter().filter(|name| name.starts_with("wal-spare-")).count();
    assert_eq!((files.segments().len(), spares), (1, headers.len() - 1));
}
