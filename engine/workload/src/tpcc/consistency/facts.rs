//! What is in the tables, summed up. Each table is read once.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::store::{StoreError, TableId, Txn};
use crate::tpcc::ids::{CustomerId, Place, WarehouseId};
use crate::tpcc::keys;
use crate::tpcc::rows::{NO_CARRIER, NO_DATE, customer, district, history, order, order_line, stock, warehouse};
use crate::tpcc::scale::Scale;

/// Sums of H_AMOUNT, by what they are compared with.
#[derive(Debug, Default)]
pub(super) struct Paid {
    pub(super) by_warehouse: BTreeMap<WarehouseId, i64>,
    pub(super) by_place: BTreeMap<Place, i64>,
    pub(super) by_customer: BTreeMap<(Place, CustomerId), i64>,
}

/// A district and all that is in it.
#[derive(Debug, Default)]
pub(super) struct District {
    pub(super) next_o_id: u32,
    pub(super) ytd_cents: i64,
    pub(super) orders: BTreeMap<u32, Order>,
    pub(super) new_orders: Vec<u32>,
    pub(super) customers: Vec<(CustomerId, Customer)>,
    pub(super) lines: u64,
    /// Lines and new orders without an order.
    pub(super) orphans: Vec<String>,
    pub(super) by_name: Vec<Vec<u8>>,
    pub(super) by_customer: Vec<Vec<u8>>,
}

/// An order with its lines.
#[derive(Debug, Default)]
pub(super) struct Order {
    pub(super) customer: CustomerId,
    pub(super) delivered: bool,
    pub(super) line_count: u8,
    pub(super) lines: u64,
    pub(super) lines_delivered: u64,
    pub(super) delivered_cents: i64,
}

/// A customer's sums.
#[derive(Debug, Default)]
pub(super) struct Customer {
    pub(super) balance_cents: i64,
    pub(super) ytd_payment_cents: i64,
    pub(super) delivery_cnt: u32,
    pub(super) name_key: Vec<u8>,
}

/// Ordered lines of one warehouse's stock: by the stock rows, or by the order lines.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Supplied {
    pub(super) lines: u64,
    pub(super) remote_lines: u64,
    pub(super) quantity: u64,
}

/// A key after every key of any table.
pub(super) const END: &[u8] = &[0xff; 64];

/// W_YTD of every warehouse.
pub(super) fn warehouses<T: Txn>(txn: &mut T) -> Result<BTreeMap<WarehouseId, i64>, StoreError> {
    let mut found = BTreeMap::new();
    all(txn, keys::WAREHOUSE, |key, row| {
        found.insert(WarehouseId(u16::from_be_bytes([key[0], key[1]])), warehouse::YTD.get(row));
    })?;
    Ok(found)
}

/// All payments.
pub(super) fn paid<T: Txn>(txn: &mut T) -> Result<Paid, StoreError> {
    let mut paid = Paid::default();
    all(txn, keys::HISTORY, |_, row| {
        let at = place(history::W_ID.get(row), history::D_ID.get(row));
        let theirs = place(history::C_W_ID.get(row), history::C_D_ID.get(row));
        let who = CustomerId(history::C_ID.get(row));
        let amount = history::AMOUNT.get(row);
        *paid.by_warehouse.entry(at.warehouse).or_default() += amount;
        *paid.by_place.entry(at).or_default() += amount;
        *paid.by_customer.entry((theirs, who)).or_default() += amount;
    })?;
    Ok(paid)
}

/// What stock rows say was ordered, by warehouse.
pub(super) fn stock_counters<T: Txn>(txn: &mut T) -> Result<BTreeMap<WarehouseId, Supplied>, StoreError> {
    let mut found = BTreeMap::<WarehouseId, Supplied>::new();
    all(txn, keys::STOCK, |key, row| {
        let supplied = found.entry(WarehouseId(u16::from_be_bytes([key[0], key[1]]))).or_default();
        supplied.lines += u64::from(stock::ORDER_CNT.get(row));
        supplied.remote_lines += u64::from(stock::REMOTE_CNT.get(row));
        supplied.quantity += u64::from(stock::YTD.get(row));
    })?;
    Ok(found)
}

/// Everything of one district. What its lines took from stock since the load goes into `supplied`.
pub(super) fn district<T: Txn>(
    txn: &mut T,
    scale: &Scale,
    place: Place,
    supplied: &mut BTreeMap<WarehouseId, Supplied>,
) -> Result<District, StoreError> {
    let mut facts = District::default();
    let mut row = Vec::new();
    if txn.get(keys::DISTRICT, &keys::district(place), &mut row)? {
        facts.next_o_id = district::NEXT_O_ID.get(&row);
        facts.ytd_cents = district::YTD.get(&row);
    }
    let District { orders, new_orders, customers, lines, orphans, by_name, by_customer, .. } = &mut facts;

    of_district(txn, keys::ORDER, place, |key, row| {
        let order = Order {
            customer: CustomerId(order::C_ID.get(row)),
            delivered: order::CARRIER_ID.get(row) != NO_CARRIER,
            line_count: order::OL_CNT.get(row),
            ..Order::default()
        };
        orders.insert(keys::order_of_key(key).0, order);
    })?;
    of_district(txn, keys::NEW_ORDER, place, |key, _| new_orders.push(keys::order_of_key(key).0))?;
    of_district(txn, keys::ORDER_LINE, place, |key, row| {
        let id = keys::order_of_key(key);
        *lines += 1;
        match orders.get_mut(&id.0) {
            Some(order) => {
                order.lines += 1;
                if order_line::DELIVERY_D.get(row) != NO_DATE {
                    order.lines_delivered += 1;
                    order.delivered_cents += order_line::AMOUNT.get(row);
                }
            }
            None => orphans.push(format!("{place} has a line of order {id}, which is not there")),
        }
        if id.0 > scale.orders() {
            let supplier = WarehouseId(order_line::SUPPLY_W_ID.get(row));
            let supplied = supplied.entry(supplier).or_default();
            supplied.lines += 1;
            supplied.remote_lines += u64::from(supplier != place.warehouse);
            supplied.quantity += u64::from(order_line::QUANTITY.get(row));
        }
    })?;
    of_district(txn, keys::CUSTOMER, place, |key, row| {
        let id = CustomerId(u16::from_be_bytes([key[3], key[4]]));
        let mut last = keys::Name::default();
        last.copy_from_slice(customer::LAST.padded(row));
        let customer = Customer {
            balance_cents: customer::BALANCE.get(row),
            ytd_payment_cents: customer::YTD_PAYMENT.get(row),
            delivery_cnt: customer::DELIVERY_CNT.get(row),
            name_key: keys::customer_by_name(place, &last, customer::FIRST.padded(row), id).to_vec(),
        };
        customers.push((id, customer));
    })?;
    of_district(txn, keys::CUSTOMER_BY_NAME, place, |key, _| by_name.push(key.to_vec()))?;
    of_district(txn, keys::ORDERS_BY_CUSTOMER, place, |key, _| by_customer.push(key.to_vec()))?;
    Ok(facts)
}

fn place(w: u16, d: u8) -> Place {
    Place { warehouse: WarehouseId(w), district: crate::tpcc::ids::DistrictId(d) }
}

fn all<T: Txn>(txn: &mut T, table: TableId, mut visit: impl FnMut(&[u8], &[u8])) -> Result<(), StoreError> {
    txn.scan(table, &[], END, |key, row| {
        visit(key, row);
        ControlFlow::Continue(())
    })
}

fn of_district<T: Txn>(
    txn: &mut T,
    table: TableId,
    place: Place,
    mut visit: impl FnMut(&[u8], &[u8]),
) -> Result<(), StoreError> {
    txn.scan(table, &keys::district(place), &keys::after_district(place), |key, row| {
        visit(key, row);
        ControlFlow::Continue(())
    })
}
