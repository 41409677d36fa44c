//! From ids to rows.

use crate::store::Rows;

/// The rows of `ids`, which come in key order. `write` puts the row of one into the buffer, which it finds empty, and returns
/// the key.
pub(super) fn source<I, W, K>(ids: I, write: W) -> impl Rows
where
    I: Iterator + Send,
    W: FnMut(I::Item, &mut Vec<u8>) -> K + Send,
    K: AsRef<[u8]>,
{
    let mut source = Source { ids, write, ahead: false, key: Vec::new(), row: Vec::new() };
    source.draw();
    source
}

/// Rows of an index: all that there is to one is its key.
pub(super) fn keys_only<K: AsRef<[u8]>>(keys: impl Iterator<Item = K> + Send) -> impl Rows {
    source(keys, |key, _| key)
}

/// Is one row ahead of what it has handed out, so that its first key is known.
struct Source<I, W> {
    ids: I,
    write: W,
    /// Whether `key` and `row` hold one.
    ahead: bool,
    key: Vec<u8>,
    row: Vec<u8>,
}

impl<I, W, K> Source<I, W>
where
    I: Iterator,
    W: FnMut(I::Item, &mut Vec<u8>) -> K,
    K: AsRef<[u8]>,
{
    fn draw(&mut self) {
        let id = self.ids.next();
        self.ahead = id.is_some();
        if let Some(id) = id {
            self.row.clear();
            let key = (self.write)(id, &mut self.row);
            self.key.clear();
            self.key.extend_from_slice(key.as_ref());
        }
    }
}

impl<I, W, K> Rows for Source<I, W>
where
    I: Iterator + Send,
    W: FnMut(I::Item, &mut Vec<u8>) -> K + Send,
    K: AsRef<[u8]>,
{
    fn first_key(&self) -> Vec<u8> {
        self.key.clone()
    }

    fn next(&mut self, key: &mut Vec<u8>, row: &mut Vec<u8>) -> bool {
        let any = self.ahead;
        if any {
            std::mem::swap(key, &mut self.key);
            std::mem::swap(row, &mut self.row);
            self.draw();
        }
        any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_key_is_known_before_and_no_row_is_lost() {
        let mut rows = source(5_u8..8, |id, row| {
            assert!(row.is_empty());
            row.extend(vec![id; usize::from(8 - id)]);
            [id]
        });
        assert_eq!(rows.first_key(), [5]);
        let (mut key, mut row, mut found) = (vec![99], vec![99; 9], Vec::new());
        while rows.next(&mut key, &mut row) {
            found.push((key.clone(), row.clone()));
        }
        assert_eq!(found, [(vec![5], vec![5, 5, 5]), (vec![6], vec![6, 6]), (vec![7], vec![7])]);
        assert!(!rows.next(&mut key, &mut row), "over is over");
    }
}
