//! New-Order (2.4): the mix's backbone, 45 %.

use super::input::{NewOrder, ORDER_LINES_MAX};
use super::keys::{self, DISTRICT, ITEM, NEW_ORDER, ORDER, ORDER_LINE, ORDERS_BY_CUSTOMER, STOCK, WAREHOUSE};
use super::procedure::{Buffers, must_exist};
use super::random::is_original;
use super::rows::{DIST_INFO_LEN, NO_CARRIER, NO_DATE, customer, district, item, order, order_line, stock, warehouse};
use crate::store::{Decision, StoreError, Txn};
use crate::tpcc::ids::OrderId;

/// What item and stock say of a line.
#[derive(Debug, Clone, Copy, Default)]
struct Line {
    price_cents: i64,
    is_original: bool,
    dist_info: [u8; DIST_INFO_LEN],
}

/// Enters `input`; rolls back if its last item does not exist.
pub(super) fn run<T: Txn>(txn: &mut T, input: &NewOrder, buffers: &mut Buffers) -> Result<Decision, StoreError> {
    let place = input.place;
    let Buffers { row, item_keys, stock_keys, line_keys, reply, .. } = buffers;

    // The district hands out order numbers: the hottest row, so it is locked first.
    let (mut id, mut tax) = (OrderId(0), 0_u64);
    let found = txn.update(DISTRICT, &keys::district(place), |row| {
        id = OrderId(district::NEXT_O_ID.get(row));
        district::NEXT_O_ID.set(row, id.0 + 1);
        tax = u64::from(district::TAX.get(row));
    })?;
    must_exist(found, || place.to_string())?;

    let found = txn.get(WAREHOUSE, &keys::warehouse(place.warehouse), row)?;
    must_exist(found, || format!("warehouse {}", place.warehouse))?;
    tax += u64::from(warehouse::TAX.get(row));

    let found = txn.get(keys::CUSTOMER, &keys::customer(place, input.customer), row)?;
    must_exist(found, || format!("{place} customer {}", input.customer))?;
    let discount = u64::from(customer::DISCOUNT.get(row));

    let mut new = [0; order::SIZE];
    order::CARRIER_ID.set(&mut new, NO_CARRIER);
    order::OL_CNT.set(&mut new, input.lines().len() as u8);
    order::ALL_LOCAL.set(&mut new, input.all_local().into());
    order::C_ID.set(&mut new, input.customer.0);
    order::ENTRY_D.set(&mut new, input.date);
    txn.insert(ORDER, &keys::order(place, id), &new)?;
    txn.insert(ORDERS_BY_CUSTOMER, &keys::order_of_customer(place, input.customer, id), &[])?;
    txn.insert(NEW_ORDER, &keys::order(place, id), &[])?;

    // Each table for all lines at once, as `where i_id in (…)` would ask.
    let mut lines = [Line::default(); ORDER_LINES_MAX];
    item_keys.clear();
    item_keys.extend(input.lines().iter().map(|line| keys::item(line.item)));
    let mut known = 0;
    txn.get_many(ITEM, item_keys, row, |_, row| {
        // The one that does not exist is the last.
        let Some(row) = row else { return };
        lines[known].price_cents = item::PRICE.get(row);
        lines[known].is_original = is_original(item::DATA.get(row));
        known += 1;
    })?;

    stock_keys.clear();
    stock_keys.extend(input.lines()[..known].iter().map(|line| keys::stock(line.supplier, line.item)));
    let mut ordered = input.lines().iter().zip(&mut lines);
    let found = txn.update_many(STOCK, stock_keys, |_, row| {
        let Some((ordered, line)) = ordered.next() else { return };
        let left = stock::QUANTITY.get(row) - i16::from(ordered.quantity);
        stock::QUANTITY.set(row, if left >= 10 { left } else { left + 91 });
        stock::YTD.add(row, u32::from(ordered.quantity));
        stock::ORDER_CNT.add(row, 1);
        stock::REMOTE_CNT.add(row, u32::from(ordered.supplier != place.warehouse));
        line.dist_info.copy_from_slice(stock::dist(place.district).padded(row));
        *reply += u64::from(line.is_original && is_original(stock::DATA.get(row)));
    })?;
    must_exist(found == known, || format!("one of the stock rows {stock_keys:02x?}"))?;

    let mut total_cents = 0;
    line_keys.clear();
    line_keys.extend((1..=known as u8).map(|number| keys::order_line(place, id, number)));
    let mut lines = input.lines().iter().zip(&lines);
    txn.insert_many(ORDER_LINE, line_keys, row, |_, new| {
        let Some((ordered, line)) = lines.next() else { return };
        let amount_cents = i64::from(ordered.quantity) * line.price_cents;
        total_cents += amount_cents;
        new.resize(order_line::SIZE, 0);
        order_line::DELIVERY_D.set(new, NO_DATE);
        order_line::I_ID.set(new, ordered.item.0);
        order_line::SUPPLY_W_ID.set(new, ordered.supplier.0);
        order_line::QUANTITY.set(new, ordered.quantity);
        order_line::AMOUNT.set(new, amount_cents);
        order_line::DIST_INFO.slot(new).copy_from_slice(&line.dist_info);
    })?;
    if known < input.lines().len() {
        return Ok(Decision::Rollback);
    }
    *reply += total_cents.unsigned_abs() * (10_000 - discount) * (10_000 + tax) / 100_000_000;
    Ok(Decision::Commit)
}
