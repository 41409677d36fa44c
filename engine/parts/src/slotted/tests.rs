//! One page against a map.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{NodeBytes, Shape, SlottedPage, child_at, find, share, value_at};
use crate::page::racy::OptimisticBytes;
use crate::page::{PAGE_SIZE, Page, PageId, TreeId};

#[derive(Clone, Debug)]
enum Step {
    Put(Vec<u8>, Vec<u8>),
    Remove(Vec<u8>),
    /// Keep the part at and above this key.
    Trim(Vec<u8>),
}

/// Keys between the fences "row/" and "row0", from few letters, so that heads collide and prefixes nest.
fn key() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(prop_oneof![Just(0u8), Just(b'a'), Just(b'b'), Just(0xff)], 0..16)
        .prop_map(|tail| [b"row/".as_slice(), &tail].concat())
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (key(), any::<u8>(), 0usize..300).prop_map(|(key, byte, len)| Step::Put(key, vec![byte; len])),
        3 => key().prop_map(Step::Remove),
        1 => key().prop_map(Step::Trim),
    ]
}

fn put(node: &mut SlottedPage, key: &[u8], value: &[u8]) {
    match node.search(key) {
        Ok(at) => {
            node.resize_value(at, value.len());
            node.value_mut(at).copy_from_slice(value);
        }
        Err(at) => node.insert_value(at, key, &[&value[..value.len() / 3], &value[value.len() / 3..]]),
    }
}

fn compare(node: &SlottedPage, model: &BTreeMap<Vec<u8>, Vec<u8>>) {
    assert_eq!(node.len(), model.len());
    for (at, (key, value)) in model.iter().enumerate() {
        assert_eq!((node.key(at), node.value(at)), (key.clone(), value.as_slice()));
        assert_eq!(node.search(key), Ok(at));
        // What an optimistic reader computes from the same bytes.
        assert_eq!(find(node.page(), node.kind(), key), Ok(at));
        let beyond = [key.as_slice(), &[0]].concat();
        if !model.contains_key(&beyond) && node.covers(&beyond) {
            assert_eq!(node.search(&beyond), Err(at + 1));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 96 }))]

    #[test]
    fn a_leaf_is_a_map(steps in proptest::collection::vec(step(), 0..200), bounded in any::<bool>()) {
        let mut page = Page::zeroed();
        let node = SlottedPage::of_mut(&mut page);
        // Without an upper fence there is no prefix: what keys begin with is then found out from them.
        let upper = bounded.then_some(&b"row0"[..]);
        node.format(PageId::new(1), TreeId(1), 0, b"row/", upper);
        prop_assert_eq!(node.prefix(), if bounded { &b"row"[..] } else { b"" });
        let mut model = BTreeMap::new();
        for step in steps {
            match step {
                Step::Put(key, value) => {
                    if node.covers(&key) && node.has_room(key.len(), value.len()) {
                        put(node, &key, &value);
                        model.insert(key, value);
                    }
                }
                Step::Remove(key) => {
                    if let Ok(at) = node.search(&key) {
                        node.remove(at);
                    }
                    model.remove(&key);
                }
                Step::Trim(key) => {
                    if node.covers(&key) && node.fits_with_fences(&key, upper) {
                        let from = node.lower_bound(&key);
                        node.rebuild(from..node.len(), &key, upper);
                        model = model.split_off(&key);
                    }
                }
            }
            prop_assert!(node.fill() <= 1.0);
            prop_assert_eq!(node.check(), Ok(()));
        }
        compare(node, &model);
    }

    #[test]
    fn an_inner_page_leads_to_the_child_that_covers_a_key(
        separators in proptest::collection::btree_set(key(), 1..200),
        probe in key(),
    ) {
        let mut page = Page::zeroed();
        let node = SlottedPage::of_mut(&mut page);
        node.format(PageId::new(1), TreeId(1), 1, b"row", None);
        node.insert_child(0, b"row", PageId::new(7));
        for (number, separator) in separators.iter().enumerate() {
            let Err(at) = node.search(separator) else { unreachable!("separators are unique") };
            node.insert_child(at, separator, PageId::new(100 + number as u64));
        }
        prop_assert_eq!(node.check(), Ok(()));
        let rank = separators.iter().take_while(|separator| **separator <= probe).count();
        let expected = if rank == 0 { PageId::new(7) } else { PageId::new(99 + rank as u64) };
        let at = node.child_index(&probe);
        prop_assert_eq!((at, node.child(at), child_at(node.page(), at)), (rank, expected, expected));
    }

    #[test]
    fn whatever_a_page_holds_an_entry_is_guessed(
        words in proptest::collection::vec((0..PAGE_SIZE / 8, any::<u64>()), 0..40),
        at in 0_usize..1000,
        key in key(),
        share_of_none in 0_u32..0x1_0000,
    ) {
        let mut page = Page::zeroed();
        for (place, word) in words {
            page.put_u64(8 * place, word);
        }
        let bytes = OptimisticBytes::still(&page);
        let into = share(&bytes, at, &key);
        prop_assert!(into.is_none_or(|into| into < 0x1_0000));
        let (_, value) = Shape::of(&bytes).entry(into.unwrap_or(share_of_none));
        prop_assert!(value <= PAGE_SIZE);
    }
}

#[test]
fn evenly_spread_keys_are_where_their_share_says() {
    const LEAVES: u64 = 40;
    const ENTRIES: u64 = 56;
    let [mut inner, mut leaf] = [Page::zeroed(), Page::zeroed()];
    let parent = SlottedPage::of_mut(&mut inner);
    parent.format(PageId::new(1), TreeId(1), 1, b"", None);
    for number in 0..LEAVES {
        let separator = if number == 0 { Vec::new() } else { (number * ENTRIES).to_be_bytes().to_vec() };
        parent.insert_child(number as usize, &separator, PageId::new(10 + number));
    }
    let first = 7 * ENTRIES;
    let node = SlottedPage::of_mut(&mut leaf);
    node.format(PageId::new(17), TreeId(1), 0, &first.to_be_bytes(), Some(&(first + ENTRIES).to_be_bytes()));
    for nth in 0..ENTRIES {
        node.insert_value(nth as usize, &(first + nth).to_be_bytes(), &[&[1; 116]]);
    }
    for nth in 0..ENTRIES {
        let key = (first + nth).to_be_bytes();
        let into = share(parent.page(), 7, &key).expect("there is an entry before and one behind");
        let (slot, value) = Shape::from_word(Shape::of(node.page()).to_word()).entry(into);
        let real = value_at(node.page(), nth as usize).start;
        // The slot begins with where the suffix is, which is in front of the value.
        let suffix = usize::from(NodeBytes::u16(node.page(), slot));
        assert!((suffix..=suffix + 8).contains(&real), "entry {nth}: slot {slot} leads to {suffix}, not {real}");
        assert!(value.abs_diff(real) < 32, "entry {nth}: {value} for {real}");
    }
    // Nothing tells how far the first and the last child reach.
    for (at, key) in [(0, ENTRIES - 1), (LEAVES - 1, LEAVES * ENTRIES)] {
        assert_eq!(share(parent.page(), at as usize, &key.to_be_bytes()), None);
    }
}

#[test]
fn what_keys_share_is_found_out_and_grows_less() {
    let mut page = Page::zeroed();
    let node = SlottedPage::of_mut(&mut page);
    node.format(PageId::new(1), TreeId(1), 1, b"", None);
    node.insert_child(0, b"", PageId::new(7));
    let mut keys: Vec<u64> = Vec::new();
    // Two bytes differ, then three, then all but the first, then that one, too.
    for (key, shared) in
        [(0x0102, 7), (0x0203, 6), (0x0103, 6), (0x01_0001, 5), (0x0300, 5), (1 << 48, 1), (1 << 63, 0)]
    {
        let Err(at) = node.search(&u64::to_be_bytes(key)) else { unreachable!("it is not there yet") };
        node.insert_child(at, &u64::to_be_bytes(key), PageId::new(key));
        keys.push(key);
        keys.sort_unstable();
        assert_eq!((node.shared(), node.check()), (&keys[0].to_be_bytes()[..shared], Ok(())));
        for probe in keys.iter().flat_map(|key| [key - 1, *key, key + 1]) {
            let child = keys.iter().rev().find(|key| **key <= probe).map_or(7, |key| *key);
            assert_eq!(
                node.child(node.child_index(&probe.to_be_bytes())),
                PageId::new(child),
                "{probe:#x} of {keys:x?}"
            );
        }
        // Keys that end within what is shared.
        assert_eq!((0..8).map(|len| node.child_index(&[0; 7][..len])).max(), Some(0));
    }
    assert_eq!(node.search(b""), Ok(0));
}
