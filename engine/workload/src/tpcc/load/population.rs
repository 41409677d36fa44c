//! What all tables of one population have in common.

use std::ops::Range;

use crate::rng::Rng;
use crate::store::TableId;
use crate::tpcc::ids::{CustomerId, OrderId, Place};
use crate::tpcc::random::Nurand;
use crate::tpcc::scale::Scale;

/// C_SINCE, H_DATE, O_ENTRY_D and OL_DELIVERY_D of loaded rows.
pub(super) const LOAD_DATE: u64 = 1;

/// What every loaded customer has paid: 10.00.
pub(super) const PAID_CENTS: i64 = 1000;

/// Streams of tables are numbered from here, behind those of the workload's other purposes.
const FIRST_STREAM: u64 = 100;

/// A pure function from keys to rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Population {
    pub(super) scale: Scale,
    pub(super) nurand: Nurand,
    seed: u64,
}

impl Population {
    pub(super) fn new(scale: Scale, seed: u64) -> Self {
        Population { scale, nurand: Nurand::load(seed), seed }
    }

    /// The random stream behind one row. All keys that have one fit into a number.
    pub(super) fn rng(self, table: TableId, key: &[u8]) -> Rng {
        let number = key.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        Rng::stream(self.seed, &[FIRST_STREAM + table.0 as u64, number])
    }

    /// The districts with these numbers, counted through all warehouses.
    pub(super) fn places(self, part: Range<u64>) -> impl Iterator<Item = Place> + Send + use<> {
        self.scale.places().skip(part.start as usize).take((part.end - part.start) as usize)
    }

    /// The customers of any district.
    pub(super) fn customer_ids(self) -> impl Iterator<Item = CustomerId> + Send + use<> {
        (1..=self.scale.customers).map(CustomerId)
    }

    /// The orders of any district.
    pub(super) fn order_ids(self) -> impl Iterator<Item = OrderId> + Send + use<> {
        (1..=self.scale.orders()).map(OrderId)
    }

    /// What the customers of a district have paid so far: D_YTD.
    pub(super) fn district_ytd_cents(self) -> i64 {
        PAID_CENTS * i64::from(self.scale.customers)
    }
}
