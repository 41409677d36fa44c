//! ORDER, the index by customer, NEW-ORDER and ORDER-LINE.

use std::ops::Range;

use super::population::{LOAD_DATE, Population};
use super::source::{keys_only, source};
use crate::rng::Rng;
use crate::store::Rows;
use crate::tpcc::ids::{CustomerId, OrderId, Place};
use crate::tpcc::keys;
use crate::tpcc::rows::{NO_CARRIER, NO_DATE, order, order_line};

impl Population {
    /// ORDER rows of districts by their numbers.
    pub(super) fn orders(self, part: Range<u64>) -> impl Rows {
        let ids = self.places(part).flat_map(move |place| self.buyers(place).map(move |(o, buyer)| (place, o, buyer)));
        source(ids, move |(place, o, buyer), row| {
            let key = keys::order(place, o);
            let mut rng = self.rng(keys::ORDER, &key);
            let lines = line_count(&mut rng);
            row.resize(order::SIZE, 0);
            order::CARRIER_ID.set(row, if self.delivered(o) { rng.between(1, 10) as u8 } else { NO_CARRIER });
            order::OL_CNT.set(row, lines);
            order::ALL_LOCAL.set(row, 1);
            order::C_ID.set(row, buyer.0);
            order::ENTRY_D.set(row, LOAD_DATE);
            key
        })
    }

    /// The index by customer, of districts by their numbers.
    pub(super) fn orders_by_customer(self, part: Range<u64>) -> impl Rows {
        keys_only(self.places(part).flat_map(move |place| {
            let key = |(o, buyer)| keys::order_of_customer(place, buyer, o);
            let mut keys: Vec<_> = self.buyers(place).map(key).collect();
            keys.sort_unstable();
            keys
        }))
    }

    /// NEW-ORDER rows of districts by their numbers.
    pub(super) fn new_orders(self, part: Range<u64>) -> impl Rows {
        keys_only(self.places(part).flat_map(move |place| {
            let new = self.order_ids().filter(move |o| !self.delivered(*o));
            new.map(move |o| keys::order(place, o))
        }))
    }

    /// ORDER-LINE rows of districts by their numbers.
    pub(super) fn order_lines(self, part: Range<u64>) -> impl Rows {
        let lines = move |place, o| {
            let lines = line_count(&mut self.rng(keys::ORDER, &keys::order(place, o)));
            (1..=lines).map(move |number| (place, o, number))
        };
        let ids = self.places(part).flat_map(move |place| self.order_ids().flat_map(move |o| lines(place, o)));
        source(ids, move |(place, o, number), row| {
            let key = keys::order_line(place, o, number);
            let mut rng = self.rng(keys::ORDER_LINE, &key);
            let (date, amount) = match self.delivered(o) {
                true => (LOAD_DATE, 0),
                false => (NO_DATE, rng.between(1, 999_999) as i64),
            };
            row.resize(order_line::SIZE, 0);
            order_line::DELIVERY_D.set(row, date);
            order_line::I_ID.set(row, rng.between(1, self.scale.items.into()) as u32);
            order_line::SUPPLY_W_ID.set(row, place.warehouse.0);
            order_line::QUANTITY.set(row, 5);
            order_line::AMOUNT.set(row, amount);
            rng.text(order_line::DIST_INFO.slot(row));
            key
        })
    }

    fn delivered(self, o: OrderId) -> bool {
        o.0 <= self.scale.orders_delivered()
    }

    /// Who has placed which order of a district: each customer one.
    fn buyers(self, place: Place) -> impl Iterator<Item = (OrderId, CustomerId)> + Send {
        let mut buyers: Vec<CustomerId> = self.customer_ids().collect();
        self.rng(keys::ORDERS_BY_CUSTOMER, &keys::district(place)).shuffle(&mut buyers);
        self.order_ids().zip(buyers)
    }
}

/// O_OL_CNT: what is drawn first from an order's stream, so that its lines need nothing else.
fn line_count(rng: &mut Rng) -> u8 {
    rng.between(5, 15) as u8
}
