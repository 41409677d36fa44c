//! TPC-C as the driver lists it.

use std::time::Duration;

use probe::protocol::{Failure, ParamSpec};

use super::scale::Scale;
use super::workload::Tpcc;
use crate::entry::{Entry, Site, StoreKind};
use crate::runner::Bench;

/// The workload as the driver lists it.
pub const ENTRY: Entry =
    Entry { name: "tpcc", summary: "TPC-C: five transactions in the standard mix, native procedures", params, open };

fn params() -> Vec<(&'static str, ParamSpec)> {
    vec![
        ("warehouses", ParamSpec::integer(2, 1, 3000, "Warehouses, about 75 MB each")),
        ("districts", ParamSpec::integer(10, 1, 10, "Districts of a warehouse")),
        ("customers", ParamSpec::integer(3000, 10, 60_000, "Customers, and loaded orders, of a district")),
        ("items", ParamSpec::integer(100_000, 20, 1_000_000, "Items, and stock rows of a warehouse")),
        ("analyst_s", ParamSpec::integer(0, 0, 3600, "Seconds an analyst holds each snapshot; 0: no analyst")),
    ]
}

fn open(site: &mut Site<'_>) -> Result<Box<dyn Bench>, Failure> {
    // Every value was checked against bounds that fit.
    let scale = Scale {
        warehouses: site.integer("warehouses") as u16,
        districts: site.integer("districts") as u8,
        customers: site.integer("customers") as u16,
        items: site.integer("items") as u32,
    };
    let tpcc = Tpcc::new(scale, site.seed);
    match (site.integer("analyst_s"), site.choice("store")?) {
        (0, _) => site.bench(tpcc),
        (seconds, StoreKind::Engine) => site.bench(tpcc.with_analyst(Duration::from_secs(seconds))),
        (_, StoreKind::Memory) => {
            let why = "the memory store runs one transaction at a time: an analyst would keep everybody out";
            Err(Failure::new(why, "leave analyst_s at 0"))
        }
    }
}
