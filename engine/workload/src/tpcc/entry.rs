//! TPC-C as the driver lists it.

use std::time::Duration;

use probe::protocol::{Failure, ParamSpec};

use super::load::Filling;
use super::scale::Scale;
use super::workload::{Beside, Tpcc};
use crate::entry::{Entry, Named, Site, StoreKind};
use crate::runner::Bench;

/// The workload as the driver lists it.
pub const ENTRY: Entry =
    Entry { name: "tpcc", summary: "TPC-C: five transactions in the standard mix, native procedures", params, open };

fn params() -> Vec<(&'static str, ParamSpec)> {
    vec![
        ("warehouses", ParamSpec::integer(2, 1, 3000, "Warehouses, about 92 MB each")),
        ("districts", ParamSpec::integer(10, 1, 10, "Districts of a warehouse")),
        ("customers", ParamSpec::integer(3000, 10, 60_000, "Customers, and loaded orders, of a district")),
        ("items", ParamSpec::integer(100_000, 20, 1_000_000, "Items, and stock rows of a warehouse")),
        (
            "load",
            Filling::spec("bulk", "How the rows come in: past the log, sorted; or by transactions that insert them"),
        ),
        ("analyst_s", ParamSpec::integer(0, 0, 3600, "Seconds an analyst holds each snapshot; 0: no analyst")),
        (
            "scan_every_s",
            ParamSpec::number(0.0, 0.0, 3600.0, "Seconds from one scan of all order lines to the next; 0: no scans"),
        ),
    ]
}

impl Named for Filling {
    const NAMED: &'static [(&'static str, Self)] = &[("bulk", Filling::Bulk), ("inserts", Filling::Inserts)];
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
    let analyst = Duration::from_secs(site.integer("analyst_s"));
    let scanner = Duration::from_secs_f64(site.number("scan_every_s"));
    let beside = match (analyst.is_zero(), scanner.is_zero()) {
        (true, true) => Beside::Nobody,
        (false, true) => Beside::Analyst(analyst),
        (true, false) => Beside::Scanner(scanner),
        (false, false) => {
            return Err(Failure::new(
                "there is room for one beside the terminals",
                "leave analyst_s or scan_every_s at 0",
            ));
        }
    };
    if beside != Beside::Nobody && site.choice::<StoreKind>("store")? == StoreKind::Memory {
        let why = "the memory store runs one transaction at a time: a long one beside would keep everybody out";
        return Err(Failure::new(why, "leave analyst_s and scan_every_s at 0"));
    }
    site.bench(tpcc.filled(site.choice("load")?).with(beside))
}
