//! The data file and the double-write area, compared with what the page says.

use std::collections::BTreeSet;

use engine::api::Database;
use engine::io::{SimFs, Survival, Vfs};
use engine::transaction::wal::CommitLog;

use super::bytes::{crc32c, put};
use super::database::{Files, insert, open};
use super::log::{self, Segment};
use super::pages::{Entry, Node, PAGE, Stamp, Superblock, is_sealed};

engine::on_both_logs! {
    a_new_database_is_these_files files_that_only_begin_like_ours_stay the_superblock_byte_by_byte a_leaf_byte_by_byte an_inner_page_and_its_leaves
    the_catalog_lists_trees the_doublewrite_area_holds_what_is_in_place
}

fn new<L: CommitLog>() -> (SimFs, Database<L>) {
    let fs = SimFs::new();
    let db = open(&fs).expect("an empty directory");
    (fs, db)
}

fn a_new_database_is_these_files<L: CommitLog>() {
    let (fs, _db) = new::<L>();
    let files = Files::of(&fs);
    assert_eq!(files.names(), ["data", "doublewrite", "wal-0000000001"]);
    assert_eq!(files.file("data").len(), 2 * PAGE, "superblock and catalog root");
    assert_eq!(files.file("doublewrite").len(), 8 * PAGE, "a slot for every fourth frame");
    let segment = Segment { number: 1, epoch: 1, first_lsn: 4096, continues_from: 0, body_bytes: 60 << 10 };
    assert_eq!(Segment::parse(files.file("wal-0000000001")), segment);
}

fn files_that_only_begin_like_ours_stay<L: CommitLog>() {
    for name in ["data.csv", "wal-e.jpg"] {
        let fs = SimFs::new();
        fs.create(name).expect("a file");
        let said = open::<L>(&fs).map(drop).expect_err("must not open").to_string();
        assert!(said.contains(name) && said.contains("empty directory"), "{said}");
        // A creation that was cut short is begun anew, and clears away what it had made; not what it had not.
        let fs = SimFs::new();
        fs.power_off_at(8);
        assert!(open::<L>(&fs).is_err());
        let fs = fs.crash(Survival::Everything);
        assert!(Files::of(&fs).names().contains(&"data"), "{:?}", Files::of(&fs).names());
        fs.create(name).expect("a file");
        drop(open::<L>(&fs).expect("begins anew"));
        assert!(Files::of(&fs).names().contains(&name));
    }
}

fn the_superblock_byte_by_byte<L: CommitLog>() {
    let (fs, db) = new::<L>();
    // The catalog's record takes 24 bytes of log, the checkpoint's 40: see `golden_log`.
    let [catalog_end, record_end] = [4096 + 24, 4096 + 24 + 40];
    let slot = |sequence: u64, words: [u64; 6]| {
        let mut slot = vec![0; 4096];
        put(&mut slot, 0, b"ENGINEdb");
        put(&mut slot, 8, &3u32.to_le_bytes());
        put(&mut slot, 12, &8192u32.to_le_bytes());
        put(&mut slot, 16, &sequence.to_le_bytes());
        for (at, word) in words.iter().enumerate() {
            put(&mut slot, 24 + 8 * at, &word.to_le_bytes());
        }
        let checksum = crc32c(&slot[..4092]);
        put(&mut slot, 4092, &checksum.to_le_bytes());
        slot
    };
    // Made with two empty slots, 1 and 2; the first checkpoint is the third write.
    let first = slot(3, [catalog_end, 1, 1, catalog_end, catalog_end, record_end]);
    let files = Files::of(&fs);
    assert_eq!(files.file("data")[..4096], slot(2, [0; 6]));
    assert_eq!(files.file("data")[4096..8192], first);

    db.checkpoint().expect("a working disk");
    let files = Files::of(&fs);
    let second = slot(4, [record_end, 1, 1, record_end, record_end, record_end + 40]);
    assert_eq!(files.file("data")[..4096], second);
    assert_eq!(files.file("data")[4096..8192], first, "the older slot is left alone");
    assert_eq!(Superblock::newest(files.file("data")).sequence, 4);
}

fn a_leaf_byte_by_byte<L: CommitLog>() {
    let (fs, db) = new::<L>();
    let table = db.create_table("people").expect("a new table");
    insert(&db, table, &[(b"alice", b"100"), (b"bob", b"2"), (b"carol", b"33")]);
    db.checkpoint().expect("a working disk");
    let files = Files::of(&fs);
    let found = files.page(2);

    // The last record that changed the page: the third insert, which the commit record follows.
    let frames = log::read(&files);
    let inserts: Vec<u64> = frames.iter().filter(|frame| frame.payload[0] == 0x01).map(|frame| frame.end).collect();
    let mut page = vec![0; PAGE];
    page[4] = 2; // a leaf
    put(&mut page, 8, &inserts[2].to_le_bytes());
    put(&mut page, 16, &2u64.to_le_bytes());
    put(&mut page, 24, &1u32.to_le_bytes()); // of tree 1

    let offsets: [u16; 3] = [8192 - 24, 8192 - 24 - 20, 8192 - 24 - 20 - 23];
    let node: [u16; 4] = [3, 16, offsets[2], 0]; // entries, room for so many slots, heap, garbage
    for (at, value) in node.iter().enumerate() {
        put(&mut page, 32 + 2 * at, &value.to_le_bytes());
    }
    page[41] = 1; // level 0, no upper fence
    put(&mut page, 44, &8192u16.to_le_bytes()); // empty fences at the end of the page
    put(&mut page, 48, &8192u16.to_le_bytes());
    put(&mut page, 52, &2u16.to_le_bytes()); // the last insertion was entry 2, the second that followed another
    put(&mut page, 54, &2i16.to_le_bytes());

    // The three keys share nothing at their beginning.
    for (at, head) in [b"alic", b"bob\0", b"caro"].into_iter().enumerate() {
        put(&mut page, 64 + 4 * at, &u32::from_be_bytes(*head).to_le_bytes());
    }
    let stamp = match Stamp::parse(super::bytes::u64_at(found, usize::from(offsets[0]) + 5)) {
        // Rows keep their writer's id where commits do not visit them again.
        Stamp::Writer { txn: 1, deleted: false } => 1 << 63 | 1u64,
        Stamp::Committed { ts: 1, deleted: false } => 1u64,
        other => panic!("{other:?}"),
    };
    let entries: [(&[u8], &[u8]); 3] = [(b"alice", b"100"), (b"bob", b"2"), (b"carol", b"33")];
    for (at, (key, row)) in entries.into_iter().enumerate() {
        let slot = [offsets[at], key.len() as u16, 16 + row.len() as u16];
        put(&mut page, 64 + 4 * 16 + 6 * at, &slot.map(u16::to_le_bytes).concat());
        let content = [key, &stamp.to_le_bytes(), &[0; 8], row].concat();
        put(&mut page, offsets[at].into(), &content);
    }
    let checksum = crc32c(&page[4..]);
    put(&mut page, 0, &checksum.to_le_bytes());
    assert_same_page(found, &page);
}

#[track_caller]
fn assert_same_page(found: &[u8], expected: &[u8]) {
    let differ: Vec<usize> = (0..PAGE).filter(|&at| found[at] != expected[at]).collect();
    assert!(differ.is_empty(), "the pages differ at bytes {differ:?}");
}

/// Four hundred rows under keys that share a beginning: several leaves below one inner page.
fn rows() -> Vec<(Vec<u8>, Vec<u8>)> {
    (0..400u32).map(|n| (format!("row-{n:05}").into_bytes(), vec![n as u8; 100])).collect()
}

fn an_inner_page_and_its_leaves<L: CommitLog>() {
    let (fs, db) = new::<L>();
    let table = db.create_table("rows").expect("a new table");
    for (key, row) in rows() {
        insert(&db, table, &[(&key, &row)]);
    }
    db.checkpoint().expect("a working disk");
    let files = Files::of(&fs);

    let root = Node::parse(files.page(2));
    assert_eq!((root.id, root.tree, root.level), (2, 1, 1), "the root never moves");
    assert_eq!((root.lower.as_slice(), root.upper.as_deref()), (&b""[..], None));
    assert_eq!(
        (root.prefix.as_slice(), root.shared.as_slice()),
        (&b""[..], &b"row-00"[..]),
        "found out from the separators"
    );
    let mut found = Vec::new();
    let bounds: Vec<&[u8]> = root.entries.iter().map(Entry::key).collect();
    let children = root.children();
    assert!(children.len() >= 5, "{children:?}");
    for (at, &child) in children.iter().enumerate() {
        let leaf = Node::parse(files.page(child));
        assert_eq!((leaf.id, leaf.tree, leaf.level), (child, 1, 0));
        assert_eq!(leaf.lower, bounds[at], "a child's fences are its separator and the next");
        assert_eq!(leaf.upper.as_deref(), bounds.get(at + 1).copied());
        if let (true, Some(upper)) = (at > 0, &leaf.upper) {
            let shared = leaf.lower.iter().zip(upper).take_while(|(a, b)| a == b).count();
            assert_eq!(leaf.prefix, &leaf.lower[..shared], "what the fences share is stored once");
            assert!(shared >= 4);
        }
        for entry in leaf.entries {
            let Entry::Row { key, row, undo: 0, .. } = entry else { panic!("an inserted row: {entry:?}") };
            found.push((key, row));
        }
    }
    assert_eq!(found, rows());
    let used: BTreeSet<u64> = [1, 2].into_iter().chain(children).collect();
    assert_eq!(used.last().map(|last| (last + 1) as usize * PAGE), Some(files.file("data").len()));
}

fn the_catalog_lists_trees<L: CommitLog>() {
    let (fs, db) = new::<L>();
    for name in ["orders", "items", "people"] {
        db.create_table(name).expect("a new table");
    }
    db.checkpoint().expect("a working disk");
    let files = Files::of(&fs);
    let catalog = Node::parse(files.page(1));
    assert_eq!((catalog.id, catalog.tree, catalog.level), (1, 0, 0));
    let row = |key: &[u8], tree: u32, root: u64| Entry::Row {
        key: key.to_vec(),
        stamp: 0,
        undo: 0,
        row: [&tree.to_le_bytes()[..], &root.to_le_bytes()].concat(),
    };
    assert_eq!(catalog.entries, [row(b"items", 2, 3), row(b"orders", 1, 2), row(b"people", 3, 4)]);
    for (tree, root) in [(1, 2), (2, 3), (3, 4)] {
        let empty = Node::parse(files.page(root));
        assert_eq!((empty.tree, empty.level, empty.entries.len()), (tree, 0, 0));
    }
}

fn the_doublewrite_area_holds_what_is_in_place<L: CommitLog>() {
    let (fs, db) = new::<L>();
    let files = Files::of(&fs);
    let ring = files.file("doublewrite");
    assert_eq!(ring[..PAGE], *files.page(1), "the first page written is in the first slot, as in its place");
    assert!(ring[PAGE..].iter().all(|&byte| byte == 0), "the other slots were never used");

    // More pages than frames, so pages are evicted, and the ring has come around often.
    let table = db.create_table("rows").expect("a new table");
    for (key, row) in rows() {
        insert(&db, table, &[(&key, &row.repeat(10))]);
    }
    db.checkpoint().expect("a working disk");
    let files = Files::of(&fs);
    assert!(files.file("data").len() > 40 * PAGE);
    let mut current = 0;
    for copy in files.file("doublewrite").chunks_exact(PAGE) {
        assert!(is_sealed(copy), "everything written was whole");
        let copy = Node::parse(copy);
        let place = Node::parse(files.page(copy.id));
        assert!(copy.lsn <= place.lsn, "page {}: the ring holds no news once a checkpoint is made", copy.id);
        current += u32::from(copy.lsn == place.lsn);
    }
    assert!(current >= 1, "the last batch is still there");
}
