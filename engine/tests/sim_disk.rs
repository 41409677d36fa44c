//! The simulated disk must be worse than any real one, and no worse than its contract.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail loudly")]

use engine::io::{AlignedBuf, BLOCK, Fault, FaultKind, IoAction, SECTOR, SimFs, Survival, Vfs};
use std::collections::HashSet;
use std::io::ErrorKind;

fn block(fill: u8) -> AlignedBuf {
    let mut buf = AlignedBuf::zeroed(BLOCK);
    buf.fill(fill);
    buf
}

fn read(fs: &SimFs, name: &str, len: usize) -> AlignedBuf {
    let mut buf = AlignedBuf::zeroed(len);
    fs.open(name).unwrap().read_exact_at(&mut buf, 0).unwrap();
    buf
}

/// A directory whose file `f` holds one durable block of ones.
fn with_one_durable_block() -> SimFs {
    let fs = SimFs::new();
    let file = fs.create("f").unwrap();
    file.write_at(&block(1), 0).unwrap();
    file.sync_data().unwrap();
    fs.sync_dir().unwrap();
    fs
}

#[test]
fn synced_bytes_survive_and_unsynced_ones_need_luck() {
    let fs = with_one_durable_block();
    fs.open("f").unwrap().write_at(&block(2), 0).unwrap();
    assert_eq!(read(&fs, "f", BLOCK)[0], 2, "a reader sees unsynced bytes");
    let image = fs.image();
    assert_eq!(image.unsettled(), BLOCK / SECTOR);
    assert_eq!(read(&image.restart(Survival::Nothing), "f", BLOCK)[..], block(1)[..]);
    assert_eq!(read(&image.restart(Survival::Everything), "f", BLOCK)[..], block(2)[..]);
    let torn = read(&image.restart(Survival::Only(3)), "f", BLOCK);
    assert!(torn.chunks(SECTOR).enumerate().all(|(s, bytes)| bytes.iter().all(|&b| b == if s == 3 { 2 } else { 1 })));
}

#[test]
fn every_subset_of_few_changes_is_tried_once() {
    let fs = with_one_durable_block();
    fs.open("f").unwrap().write_at(&block(2), 0).unwrap();
    let image = fs.image();
    let survivals = image.survivals(256, 7);
    let states: HashSet<u64> = survivals.iter().map(|s| image.restart(*s).state_hash()).collect();
    assert_eq!((survivals.len(), states.len()), (256, 256));
    let sampled = image.survivals(40, 7);
    assert_eq!(sampled.len(), 40);
    assert!(sampled.contains(&Survival::Nothing) && sampled.contains(&Survival::Everything));
}

#[test]
fn names_need_the_directory_synced() {
    let fs = SimFs::new();
    let file = fs.create("new").unwrap();
    file.write_at(&block(1), 0).unwrap();
    file.sync_data().unwrap();
    assert_eq!(fs.image().restart(Survival::Nothing).list().unwrap(), Vec::<String>::new());
    fs.sync_dir().unwrap();
    fs.rename("new", "newer").unwrap();
    assert_eq!(fs.image().restart(Survival::Nothing).list().unwrap(), ["new"]);
    assert_eq!(fs.image().restart(Survival::Everything).list().unwrap(), ["newer"]);
    fs.sync_dir().unwrap();
    fs.remove("newer").unwrap();
    let back = fs.image().restart(Survival::Nothing);
    assert_eq!(read(&back, "newer", BLOCK)[..], block(1)[..]);
}

#[test]
fn an_unsynced_length_may_be_lost_either_way() {
    let fs = with_one_durable_block();
    let file = fs.open("f").unwrap();
    file.set_len(0).unwrap();
    file.write_at(&block(3), 2 * BLOCK as u64).unwrap();
    let lens: HashSet<u64> = fs
        .image()
        .survivals(2000, 1)
        .iter()
        .map(|s| fs.image().restart(*s).open("f").unwrap().len().unwrap())
        .collect();
    assert_eq!(lens, HashSet::from([0, BLOCK as u64, 3 * BLOCK as u64]));
    file.sync_data().unwrap();
    assert_eq!(fs.image().unsettled(), 0);
}

#[test]
fn a_failed_sync_is_not_mended_by_a_later_one() {
    let fs = with_one_durable_block();
    let file = fs.open("f").unwrap();
    file.write_at(&block(2), 0).unwrap();
    fs.inject(Fault { action: IoAction::Sync, file_prefix: "f".into(), after: 0, kind: FaultKind::Device });
    file.sync_data().unwrap_err();
    file.sync_data().unwrap();
    assert_eq!(read(&fs, "f", BLOCK)[0], 2, "the cache still shows it");
    assert_eq!(read(&fs.image().restart(Survival::Nothing), "f", BLOCK)[0], 1, "the disk never got it");
}

#[test]
fn a_full_disk_a_short_read_and_a_cut_are_reported() {
    let fs = with_one_durable_block();
    let file = fs.open("f").unwrap();
    fs.set_capacity(Some(BLOCK as u64));
    assert!(file.write_at(&block(2), BLOCK as u64).unwrap_err().is_out_of_space());
    file.write_at(&block(2), 0).unwrap();
    fs.set_capacity(None);
    file.write_at(&block(4), BLOCK as u64).unwrap();
    fs.inject(Fault { action: IoAction::Read, file_prefix: String::new(), after: 0, kind: FaultKind::ShortRead });
    let mut buf = AlignedBuf::zeroed(2 * BLOCK);
    assert_eq!(file.read_at(&mut buf, 0).unwrap(), BLOCK);
    file.read_exact_at(&mut buf, 0).unwrap();
    fs.power_off_at(fs.op_count());
    let cut = file.write_at(&block(5), 0).unwrap_err();
    assert_eq!(cut.kind(), ErrorKind::Other);
    assert!(cut.to_string().contains("switched off"), "{cut}");
    file.sync_data().unwrap_err();
    let after = fs.crash(Survival::Everything);
    assert_eq!(read(&after, "f", BLOCK)[0], 5, "the write at the cut may have arrived");
}
