//! The comparisons.

use std::collections::BTreeMap;

use probe::protocol::Finding;

use super::facts::{self, District, Paid, Supplied};
use super::verdict::{Condition, Score};
use crate::store::{Store, StoreError, Transaction};
use crate::tpcc::ids::{OrderId, Place, WarehouseId};
use crate::tpcc::keys;
use crate::tpcc::scale::Scale;

/// Checks every condition in one snapshot. Run it when no transaction is under way: counters and rows are compared
/// across tables.
pub fn check<S: Store>(store: &S, scale: &Scale) -> Result<Vec<Finding>, StoreError> {
    let mut score = Score::default();
    let mut txn = store.begin_read()?;
    let warehouses = facts::warehouses(&mut txn)?;
    let paid = facts::paid(&mut txn)?;
    let mut supplied = BTreeMap::<WarehouseId, Supplied>::new();
    let mut district_ytd = BTreeMap::<WarehouseId, i64>::new();
    for place in scale.places() {
        let facts = facts::district(&mut txn, scale, place, &mut supplied)?;
        *district_ytd.entry(place.warehouse).or_default() += facts.ytd_cents;
        check_district(&mut score, scale, place, &facts, &paid);
    }
    for w in scale.warehouse_ids() {
        let at = || format!("warehouse {w}");
        let ytd = warehouses.get(&w).copied().unwrap_or_default();
        score.equal(Condition::C1, ytd, district_ytd.get(&w).copied().unwrap_or_default(), at);
        score.equal(Condition::C8, ytd, paid.by_warehouse.get(&w).copied().unwrap_or_default(), at);
    }
    let counters = facts::stock_counters(&mut txn)?;
    for w in scale.warehouse_ids() {
        let stock = counters.get(&w).copied().unwrap_or_default();
        let lines = supplied.get(&w).copied().unwrap_or_default();
        let detail = || format!("warehouse {w}: stock says {stock:?}, order lines say {lines:?}");
        score.holds(Condition::Stock, stock == lines && counters.contains_key(&w), detail);
    }
    txn.rollback()?;
    Ok(score.findings())
}

fn check_district(score: &mut Score, scale: &Scale, place: Place, facts: &District, paid: &Paid) {
    let at = || place.to_string();
    let last_order = facts.orders.last_key_value().map_or(0, |(id, _)| *id);
    score.equal(Condition::C2, i64::from(facts.next_o_id) - 1, last_order, at);
    if let (Some(first), Some(last)) = (facts.new_orders.first(), facts.new_orders.last()) {
        score.equal(Condition::C2, last_order, *last, || format!("{place}, newest new order"));
        score.equal(Condition::C3, last - first + 1, facts.new_orders.len() as u64, at);
    } else {
        score.equal(Condition::C3, 0, facts.new_orders.len() as u64, at);
    }
    let asked_lines: u64 = facts.orders.values().map(|order| u64::from(order.line_count)).sum();
    score.equal(Condition::C4, asked_lines, facts.lines, at);
    score.equal(Condition::C9, facts.ytd_cents, paid.by_place.get(&place).copied().unwrap_or_default(), at);
    let deliveries: u64 = facts.customers.iter().map(|(_, c)| u64::from(c.delivery_cnt)).sum();
    let delivered = facts.orders.len() as i64 - facts.new_orders.len() as i64;
    score.equal(Condition::C11, delivered, u64::from(scale.orders_delivered()) + deliveries, at);

    check_orders(score, place, facts);
    check_customers(score, place, facts, paid);
    check_indexes(score, place, facts);
}

fn check_orders(score: &mut Score, place: Place, facts: &District) {
    for orphan in &facts.orphans {
        score.holds(Condition::C6, false, || orphan.clone());
    }
    for id in facts.new_orders.iter().filter(|id| !facts.orders.contains_key(id)) {
        score.holds(Condition::C5, false, || format!("{place} has a new order {id} without an order"));
    }
    for (id, order) in &facts.orders {
        let at = || format!("{place} order {id}");
        let is_new = facts.new_orders.binary_search(id).is_ok();
        score.holds(Condition::C5, is_new != order.delivered, || {
            format!("{}: carrier set is {}, new order is {is_new}", at(), order.delivered)
        });
        score.equal(Condition::C6, order.line_count, order.lines, at);
        let delivered_lines = if order.delivered { order.lines } else { 0 };
        score.equal(Condition::C7, order.lines_delivered, delivered_lines, at);
    }
}

fn check_customers(score: &mut Score, place: Place, facts: &District, paid: &Paid) {
    let mut delivered_cents = BTreeMap::<_, i64>::new();
    for order in facts.orders.values() {
        *delivered_cents.entry(order.customer).or_default() += order.delivered_cents;
    }
    for (id, customer) in &facts.customers {
        let at = || format!("{place} customer {id}");
        let delivered = delivered_cents.get(id).copied().unwrap_or_default();
        let payments = paid.by_customer.get(&(place, *id)).copied().unwrap_or_default();
        score.equal(Condition::C10, customer.balance_cents, delivered - payments, at);
        score.equal(Condition::C12, customer.balance_cents + customer.ytd_payment_cents, delivered, at);
    }
}

fn check_indexes(score: &mut Score, place: Place, facts: &District) {
    let mut names: Vec<&[u8]> = facts.customers.iter().map(|(_, customer)| &customer.name_key[..]).collect();
    names.sort_unstable();
    score.holds(Condition::Indexes, names == facts.by_name, || {
        format!("{place}: {} customers, {} by name", names.len(), facts.by_name.len())
    });
    let orders = facts.orders.iter();
    let mut orders: Vec<_> =
        orders.map(|(id, order)| keys::order_of_customer(place, order.customer, OrderId(*id)).to_vec()).collect();
    orders.sort_unstable();
    score.holds(Condition::Indexes, orders == facts.by_customer, || {
        format!("{place}: {} orders, {} by customer", orders.len(), facts.by_customer.len())
    });
}
