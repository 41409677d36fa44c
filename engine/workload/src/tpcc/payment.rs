//! Payment (2.5): 43 % of the mix, short, and every one writes its warehouse's row.

use std::io::Write;

use super::input::Payment;
use super::keys::{self, CUSTOMER, DISTRICT, HISTORY, WAREHOUSE};
use super::procedure::{Buffers, find_customer, must_exist};
use super::rows::{customer, district, history, warehouse};
use crate::store::{Decision, StoreError, Txn};

/// Books `input` at its warehouse, district and customer.
pub(super) fn run<T: Txn>(txn: &mut T, input: &Payment, buffers: &mut Buffers) -> Result<Decision, StoreError> {
    let Buffers { row: history_row, text, customers, reply, .. } = buffers;
    let (place, amount_cents) = (input.place, input.amount_cents);

    history_row.clear();
    history_row.resize(history::DATA.start(), 0);
    let found = txn.update(WAREHOUSE, &keys::warehouse(place.warehouse), |row| {
        warehouse::YTD.add(row, amount_cents);
        history_row.extend_from_slice(warehouse::NAME.get(row));
    })?;
    must_exist(found, || format!("warehouse {}", place.warehouse))?;
    history_row.extend_from_slice(b"    ");
    let found = txn.update(DISTRICT, &keys::district(place), |row| {
        district::YTD.add(row, amount_cents);
        history_row.extend_from_slice(district::NAME.get(row));
    })?;
    must_exist(found, || place.to_string())?;

    let theirs = input.customer_place;
    let id = find_customer(txn, theirs, &input.customer, customers)?;
    let found = txn.update(CUSTOMER, &keys::customer(theirs, id), |row| {
        customer::BALANCE.add(row, -amount_cents);
        customer::YTD_PAYMENT.add(row, amount_cents);
        customer::PAYMENT_CNT.add(row, 1);
        if customer::CREDIT.padded(row) == b"BC" {
            text.clear();
            // Writing to a vector cannot fail.
            let _ = write!(text, "{id} {theirs} {place} {amount_cents}; ");
            text.extend_from_slice(customer::DATA.get(row));
            text.truncate(customer::DATA_MAX);
            row.truncate(customer::DATA.start());
            row.extend_from_slice(text);
        }
        *reply += customer::BALANCE.get(row).unsigned_abs();
    })?;
    must_exist(found, || format!("{theirs} customer {id}"))?;

    history::C_W_ID.set(history_row, theirs.warehouse.0);
    history::C_D_ID.set(history_row, theirs.district.0);
    history::C_ID.set(history_row, id.0);
    history::W_ID.set(history_row, place.warehouse.0);
    history::D_ID.set(history_row, place.district.0);
    history::DATE.set(history_row, input.date);
    history::AMOUNT.set(history_row, amount_cents);
    txn.insert(HISTORY, &keys::history(input.history.0, input.history.1), history_row)?;
    Ok(Decision::Commit)
}
