//! All tables, one after the other.

use std::ops::Range;
use std::sync::atomic::AtomicU64;

use super::population::Population;
use crate::store::{Rows, Store, StoreError, TableId, by_transactions};
use crate::tpcc::keys;
use crate::tpcc::scale::Scale;

/// How the rows come into the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Filling {
    /// In the fastest way that the store has.
    #[default]
    Bulk,
    /// By transactions that insert them: the pages are as full as splits leave them, as those of a database that has been in
    /// use for a while.
    Inserts,
}

/// Writes the initial population with `threads` threads, adding to `rows` as they land. The tables are empty before.
pub fn load<S: Store>(
    store: &S,
    scale: &Scale,
    seed: u64,
    filling: Filling,
    threads: usize,
    rows: &AtomicU64,
) -> Result<(), StoreError> {
    let all = Population::new(*scale, seed);
    let fill = Fill { store, filling, threads: threads.max(1) as u64, rows };
    let places = u64::from(scale.warehouses) * u64::from(scale.districts);
    let stocked = u64::from(scale.warehouses) * u64::from(scale.items);

    fill.small(keys::ITEM, all.items())?;
    fill.small(keys::WAREHOUSE, all.warehouses())?;
    fill.small(keys::DISTRICT, all.districts())?;
    fill.large(keys::STOCK, stocked, |part| all.stock(part))?;
    fill.large(keys::CUSTOMER, places, |part| all.customers(part))?;
    fill.large(keys::CUSTOMER_BY_NAME, places, |part| all.customers_by_name(part))?;
    fill.large(keys::HISTORY, places, |part| all.history(part))?;
    fill.large(keys::ORDER, places, |part| all.orders(part))?;
    fill.large(keys::ORDERS_BY_CUSTOMER, places, |part| all.orders_by_customer(part))?;
    fill.large(keys::NEW_ORDER, places, |part| all.new_orders(part))?;
    fill.large(keys::ORDER_LINE, places, |part| all.order_lines(part))
}

/// Where the rows go.
struct Fill<'s, S> {
    store: &'s S,
    filling: Filling,
    threads: u64,
    rows: &'s AtomicU64,
}

impl<S: Store> Fill<'_, S> {
    /// A table that one thread fills before others would have started. Its few pages do not depend on how many there are.
    fn small(&self, table: TableId, source: impl Rows) -> Result<(), StoreError> {
        self.from(table, vec![Box::new(source)])
    }

    /// A table whose `units`, numbered in key order, are dealt out to all threads.
    fn large<R: Rows>(&self, table: TableId, units: u64, source: impl Fn(Range<u64>) -> R) -> Result<(), StoreError> {
        let parts = self.threads.min(units);
        let part = |n| source(units * n / parts..units * (n + 1) / parts);
        self.from(table, (0..parts).map(|n| Box::new(part(n)) as Box<dyn Rows>).collect())
    }

    /// Boxed, or each table would have a copy of the store's code for it.
    fn from(&self, table: TableId, sources: Vec<Box<dyn Rows + '_>>) -> Result<(), StoreError> {
        match self.filling {
            Filling::Bulk => self.store.fill(table, sources, self.rows),
            Filling::Inserts => by_transactions(self.store, table, sources, self.rows),
        }
    }
}
