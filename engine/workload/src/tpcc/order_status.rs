//! Order-Status (2.6): read-only, 4 %.

use std::ops::ControlFlow;

use super::ids::{OrderId, Place};
use super::input::Customer;
use super::keys::{self, CUSTOMER, ORDER, ORDER_LINE, ORDERS_BY_CUSTOMER};
use super::procedure::{Buffers, find_customer, must_exist};
use super::rows::{customer, order, order_line};
use crate::store::{Decision, StoreError, Txn};

/// Looks up the customer, their newest order, and its lines.
pub(super) fn run<T: Txn>(
    txn: &mut T,
    place: Place,
    who: &Customer,
    buffers: &mut Buffers,
) -> Result<Decision, StoreError> {
    let Buffers { row, customers, reply, .. } = buffers;
    let id = find_customer(txn, place, who, customers)?;
    let found = txn.get(CUSTOMER, &keys::customer(place, id), row)?;
    must_exist(found, || format!("{place} customer {id}"))?;
    *reply += customer::BALANCE.get(row).unsigned_abs();

    let mut newest = None;
    let (from, to) =
        (keys::order_of_customer(place, id, OrderId(u32::MAX)), keys::order_of_customer(place, id, OrderId(0)));
    txn.scan(ORDERS_BY_CUSTOMER, &from, &to, |key, _| {
        newest = Some(keys::order_of_customer_key(key));
        ControlFlow::Break(())
    })?;
    let Some(newest) = newest else { return Ok(Decision::Commit) };
    let found = txn.get(ORDER, &keys::order(place, newest), row)?;
    must_exist(found, || format!("{place} order {newest}"))?;
    *reply += order::ENTRY_D.get(row) + u64::from(order::CARRIER_ID.get(row));

    let (from, to) = (keys::order(place, newest), keys::order(place, OrderId(newest.0 + 1)));
    txn.scan(ORDER_LINE, &from, &to, |_, line| {
        *reply += u64::from(order_line::I_ID.get(line)) + order_line::DELIVERY_D.get(line);
        ControlFlow::Continue(())
    })?;
    Ok(Decision::Commit)
}
