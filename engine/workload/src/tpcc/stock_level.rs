//! Stock-Level (2.8): read-only, 4 % of the mix; its 400 reads are a third of the record operations.

use std::ops::ControlFlow;

use super::ids::{ItemId, OrderId, Place};
use super::input::last_twenty;
use super::keys::{self, DISTRICT, ORDER_LINE, STOCK};
use super::procedure::{Buffers, must_exist};
use super::rows::{district, order_line, stock};
use crate::store::{Decision, StoreError, Txn};

/// Counts the distinct items of the district's last twenty orders of which fewer than `threshold` are left.
pub(super) fn run<T: Txn>(
    txn: &mut T,
    place: Place,
    threshold: i16,
    buffers: &mut Buffers,
) -> Result<Decision, StoreError> {
    let Buffers { row, items, stock_keys, reply, .. } = buffers;
    let found = txn.get(DISTRICT, &keys::district(place), row)?;
    must_exist(found, || place.to_string())?;
    let (first, end) = last_twenty(OrderId(district::NEXT_O_ID.get(row)));

    items.clear();
    txn.scan(ORDER_LINE, &keys::order(place, first), &keys::order(place, end), |_, line| {
        items.push(order_line::I_ID.get(line));
        ControlFlow::Continue(())
    })?;
    items.sort_unstable();
    items.dedup();

    stock_keys.clear();
    stock_keys.extend(items.iter().map(|&item| keys::stock(place.warehouse, ItemId(item))));
    let mut missing = None;
    txn.get_many(STOCK, stock_keys, row, |key, row| match row {
        Some(row) => *reply += u64::from(stock::QUANTITY.get(row) < threshold),
        None => missing = Some(*key),
    })?;
    must_exist(missing.is_none(), || format!("stock row {missing:02x?}"))?;
    Ok(Decision::Commit)
}
