//! The TPC-C procedures and conditions on the reference store.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ops::ControlFlow;
use std::sync::atomic::AtomicU64;

use engine_workload::runner::{Bench, Runner, RunnerOptions, Workload, state_digest};
use engine_workload::store::{MemoryStore, Store, TableId, Transaction, Txn};
use engine_workload::tpcc::ids::{DistrictId, ItemId, OrderId, Place, WarehouseId};
use engine_workload::tpcc::rows::{customer, district, history, order, order_line, stock, warehouse};
use engine_workload::tpcc::{Scale, Tpcc, consistency, keys};
use probe::protocol::Budget;

const HERE: Place = Place { warehouse: WarehouseId(1), district: DistrictId(2) };

fn loaded(scale: Scale, seed: u64, sessions: u16) -> Runner<MemoryStore, Tpcc> {
    let options = RunnerOptions { sessions, workers: 2 };
    let mut runner = Runner::new(MemoryStore::new(keys::TABLES), Tpcc::new(scale, seed), options).unwrap();
    runner.load(&mut |_| ()).unwrap();
    runner
}

fn small() -> Scale {
    Scale { warehouses: 2, districts: 3, customers: 60, items: 200 }
}

#[test]
fn conditions_hold_after_thousands_of_transactions() {
    let mut runner = loaded(small(), 7, 9);
    assert!(runner.check().unwrap().ok, "as loaded");
    for _ in 0..3 {
        let stats = runner.slice(Budget::Ops(2000)).unwrap();
        assert_eq!(stats.commits(), 2000, "a slice of n operations is n acknowledged commits");
        assert!(stats.kinds.iter().all(|kind| kind.latency_ns.len() > 50), "every kind ran");
    }
    let check = runner.check().unwrap();
    assert!(check.ok, "{:#?}", check.findings);
    assert_eq!(check.findings.len(), 15);
    assert_eq!(runner.live().commits(), 6000);
}

#[test]
fn the_full_load_has_the_specifications_cardinalities() {
    let (store, workload) = (MemoryStore::new(keys::TABLES), Tpcc::new(Scale::full(1), 3));
    let rows = AtomicU64::new(0);
    workload.load(&store, 2, &rows).unwrap();
    let findings = consistency::check(&store, &Scale::full(1)).unwrap();
    assert!(findings.iter().all(|finding| finding.ok), "{findings:#?}");
    let mut txn = store.begin().unwrap();
    let mut counts = Vec::new();
    for table in 0..keys::TABLES.len() {
        let mut rows = 0_u64;
        txn.scan(TableId(table), &[], &[0xff; 64], |_, _| {
            rows += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
        counts.push(rows);
    }
    let total = counts.iter().sum::<u64>();
    assert_eq!(total, rows.into_inner(), "the load counts what it writes");
    assert!(total.abs_diff(workload.rows_estimate()) < total / 100, "{total}");
    let lines = counts.remove(keys::ORDER_LINE.0);
    assert!((298_000..302_000).contains(&lines), "{lines}");
    assert_eq!(counts, [1, 10, 30_000, 30_000, 30_000, 9000, 100_000, 100_000, 30_000, 30_000]);
}

#[test]
fn an_order_with_an_unknown_item_leaves_no_trace() {
    let mut runner = loaded(small(), 5, 1);
    let mut rolled_back = 0;
    while rolled_back == 0 {
        rolled_back = runner.slice(Budget::Ops(200)).unwrap().rolled_back();
    }
    // Order numbers have no holes: what was rolled back gave its number back.
    assert!(runner.check().unwrap().ok);
}

type Corruption = fn(&mut <MemoryStore as Store>::Txn<'_>);

/// Changes one row in place; it must be there.
fn change(txn: &mut <MemoryStore as Store>::Txn<'_>, table: TableId, key: &[u8], change: impl FnMut(&mut Vec<u8>)) {
    assert!(txn.update(table, key, change).unwrap());
}

/// The first key of `table` in the test's district.
fn first(txn: &mut <MemoryStore as Store>::Txn<'_>, table: TableId) -> Vec<u8> {
    let mut first = None;
    txn.scan(table, &keys::district(HERE), &keys::after_district(HERE), |key, _| {
        first = Some(key.to_vec());
        ControlFlow::Break(())
    })
    .unwrap();
    first.unwrap()
}

#[test]
fn a_corruption_of_each_condition_is_found() {
    let corruptions: [(&str, Corruption); 16] = [
        ("tpcc.01", |t| change(t, keys::WAREHOUSE, &keys::warehouse(WarehouseId(1)), |r| warehouse::YTD.add(r, 1))),
        ("tpcc.02", |t| change(t, keys::DISTRICT, &keys::district(HERE), |r| district::NEXT_O_ID.add(r, 1))),
        ("tpcc.03", |t| {
            let oldest = keys::order_of_key(&first(t, keys::NEW_ORDER));
            assert!(t.delete(keys::NEW_ORDER, &keys::order(HERE, OrderId(oldest.0 + 1))).unwrap());
        }),
        ("tpcc.04", |t| change(t, keys::ORDER, &keys::order(HERE, OrderId(1)), |r| order::OL_CNT.add(r, 1))),
        ("tpcc.05", |t| {
            let newest = first(t, keys::NEW_ORDER);
            change(t, keys::ORDER, &newest, |r| order::CARRIER_ID.set(r, 3));
        }),
        ("tpcc.05", |t| t.insert(keys::NEW_ORDER, &keys::order(HERE, OrderId(1)), &[]).unwrap()),
        ("tpcc.06", |t| assert!(t.delete(keys::ORDER_LINE, &keys::order_line(HERE, OrderId(1), 2)).unwrap())),
        ("tpcc.06", |t| {
            let orphan = keys::order_line(HERE, OrderId(1_000_000), 1);
            t.insert(keys::ORDER_LINE, &orphan, &[0; order_line::SIZE]).unwrap();
        }),
        ("tpcc.07", |t| {
            let line = keys::order_line(HERE, keys::order_of_key(&first(t, keys::NEW_ORDER)), 1);
            change(t, keys::ORDER_LINE, &line, |r| order_line::DELIVERY_D.set(r, 5));
        }),
        ("tpcc.08", |t| change(t, keys::HISTORY, &keys::history(0, 1), |r| history::AMOUNT.add(r, 1))),
        ("tpcc.09", |t| change(t, keys::DISTRICT, &keys::district(HERE), |r| district::YTD.add(r, -1))),
        ("tpcc.10", |t| {
            let key = first(t, keys::CUSTOMER);
            change(t, keys::CUSTOMER, &key, |r| {
                customer::BALANCE.add(r, 1);
                customer::YTD_PAYMENT.add(r, -1);
            });
        }),
        ("tpcc.11", |t| {
            let key = first(t, keys::CUSTOMER);
            change(t, keys::CUSTOMER, &key, |r| customer::DELIVERY_CNT.add(r, 1));
        }),
        ("tpcc.12", |t| {
            let key = first(t, keys::CUSTOMER);
            change(t, keys::CUSTOMER, &key, |r| customer::YTD_PAYMENT.add(r, 1));
        }),
        ("tpcc.indexes", |t| {
            let key = first(t, keys::ORDERS_BY_CUSTOMER);
            assert!(t.delete(keys::ORDERS_BY_CUSTOMER, &key).unwrap());
        }),
        ("tpcc.stock", |t| {
            change(t, keys::STOCK, &keys::stock(WarehouseId(2), ItemId(9)), |r| stock::YTD.add(r, 1));
        }),
    ];
    let scale = small();
    // One session, so that it surely has a history.
    let mut runner = loaded(scale, 7, 1);
    runner.slice(Budget::Ops(600)).unwrap();
    for (condition, corrupt) in corruptions {
        let before = state_digest(runner.store(), keys::TABLES.len()).unwrap();
        let mut txn = runner.store().begin().unwrap();
        corrupt(&mut txn);
        txn.commit().unwrap();
        let findings = consistency::check(runner.store(), &scale).unwrap();
        let finding = findings.iter().find(|finding| finding.check == condition).unwrap();
        assert!(!finding.ok, "{condition} did not see its corruption: {finding:?}");
        assert!(finding.detail.contains("broken in 1 of") || condition == "tpcc.05", "{finding:?}");
        assert_ne!(before, state_digest(runner.store(), keys::TABLES.len()).unwrap());
        // A fresh database for the next one.
        runner = loaded(scale, 7, 1);
        runner.slice(Budget::Ops(600)).unwrap();
    }
}

#[test]
fn an_empty_database_fulfils_nothing() {
    let findings = consistency::check(&MemoryStore::new(keys::TABLES), &small()).unwrap();
    for condition in ["tpcc.02", "tpcc.05", "tpcc.06", "tpcc.10", "tpcc.11", "tpcc.12", "tpcc.stock"] {
        assert!(!findings.iter().find(|finding| finding.check == condition).unwrap().ok, "{condition}");
    }
}

#[test]
fn one_session_leaves_the_same_state_every_time() {
    let digest = || {
        let mut runner = loaded(Scale::tiny(2), 9, 1);
        runner.slice(Budget::Ops(300)).unwrap();
        runner.check().unwrap().state_hash
    };
    assert_eq!(digest(), digest());
}
