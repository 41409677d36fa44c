//! Delivery (2.7): 4 % of the mix and a third of its record operations. All districts in one transaction.

use std::ops::ControlFlow;

use super::ids::{CustomerId, DistrictId, Place, WarehouseId};
use super::keys::{self, CUSTOMER, NEW_ORDER, ORDER, ORDER_LINE};
use super::procedure::{Buffers, must_exist};
use super::rows::{customer, order, order_line};
use super::scale::Scale;
use crate::store::{Decision, StoreError, Txn};

/// Delivers the oldest new order of every district that has one.
pub(super) fn run<T: Txn>(
    txn: &mut T,
    scale: &Scale,
    warehouse: WarehouseId,
    carrier: u8,
    date: u64,
    buffers: &mut Buffers,
) -> Result<Decision, StoreError> {
    for district in (1..=scale.districts).map(DistrictId) {
        deliver(txn, Place { warehouse, district }, carrier, date, buffers)?;
    }
    Ok(Decision::Commit)
}

fn deliver<T: Txn>(txn: &mut T, place: Place, carrier: u8, date: u64, buffers: &mut Buffers) -> Result<(), StoreError> {
    let mut oldest = None;
    txn.scan(NEW_ORDER, &keys::district(place), &keys::after_district(place), |key, _| {
        oldest = Some(keys::order_of_key(key));
        ControlFlow::Break(())
    })?;
    let Some(id) = oldest else { return Ok(()) };
    if !txn.delete(NEW_ORDER, &keys::order(place, id))? {
        // Another delivery took it between the look and the lock.
        return Err(StoreError::Conflict);
    }

    let (mut who, mut lines) = (CustomerId(0), 0);
    let found = txn.update(ORDER, &keys::order(place, id), |row| {
        order::CARRIER_ID.set(row, carrier);
        who = CustomerId(order::C_ID.get(row));
        lines = order::OL_CNT.get(row);
    })?;
    must_exist(found, || format!("{place} order {id}"))?;

    let mut sum_cents = 0;
    for number in 1..=lines {
        let found = txn.update(ORDER_LINE, &keys::order_line(place, id, number), |row| {
            order_line::DELIVERY_D.set(row, date);
            sum_cents += order_line::AMOUNT.get(row);
        })?;
        must_exist(found, || format!("{place} order {id} line {number}"))?;
    }

    let found = txn.update(CUSTOMER, &keys::customer(place, who), |row| {
        customer::BALANCE.add(row, sum_cents);
        customer::DELIVERY_CNT.add(row, 1);
    })?;
    must_exist(found, || format!("{place} customer {who}"))?;
    buffers.reply += u64::from(id.0);
    Ok(())
}
