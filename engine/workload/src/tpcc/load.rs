//! The initial population (4.3.3), in parallel and the same for the same seed.
//!
//! The work is cut into units (the items, each warehouse's stock, each district) with a random stream of their own, so
//! the rows do not depend on which thread writes them or when.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::ids::{CustomerId, ItemId, OrderId, Place, WarehouseId};
use super::keys;
use super::random::{Nurand, last_name, push_item_data, push_text};
use super::rows::{NO_CARRIER, NO_DATE, customer, district, history, item, order, order_line, stock, warehouse};
use super::scale::Scale;
use crate::rng::Rng;
use crate::store::{Store, StoreError, TableId, Txn};

/// Rows in one transaction: large enough that commits do not matter, small enough that undo stays small.
const ROWS_PER_TXN: u32 = 4000;

/// History writers of the load: sessions count from 0, the load's units from here.
const FIRST_LOAD_WRITER: u16 = 0x8000;

/// C_SINCE and O_ENTRY_D of loaded rows.
const LOAD_DATE: u64 = 1;

/// A part of the population.
#[derive(Debug, Clone, Copy)]
enum Unit {
    Items,
    Stock(WarehouseId),
    District(Place),
}

/// Writes the initial population with `threads` threads, adding to `rows` as they land.
pub fn load<S: Store>(store: &S, scale: &Scale, seed: u64, threads: usize, rows: &AtomicU64) -> Result<(), StoreError> {
    let mut units = vec![Unit::Items];
    units.extend(scale.warehouse_ids().map(Unit::Stock));
    units.extend(scale.places().map(Unit::District));
    let next = AtomicUsize::new(0);
    let work = || -> Result<(), StoreError> {
        while let Some(&unit) = units.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut loader = Loader::new(store, scale, seed, rows);
            match unit {
                Unit::Items => loader.items()?,
                Unit::Stock(warehouse) => loader.warehouse(warehouse)?,
                Unit::District(place) => loader.district(place)?,
            }
            loader.finish()?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mine = work();
        let theirs = workers.into_iter().map(|worker| {
            worker.join().unwrap_or_else(|_| Err(StoreError::Fatal("a loading thread panicked".to_owned())))
        });
        theirs.fold(mine, Result::and)
    })
}

struct Loader<'s, S: Store> {
    store: &'s S,
    scale: Scale,
    seed: u64,
    rows: &'s AtomicU64,
    txn: Option<S::Txn<'s>>,
    rows_in_txn: u32,
    row: Vec<u8>,
}

impl<'s, S: Store> Loader<'s, S> {
    fn new(store: &'s S, scale: &Scale, seed: u64, rows: &'s AtomicU64) -> Self {
        Loader { store, scale: *scale, seed, rows, txn: None, rows_in_txn: 0, row: Vec::new() }
    }

    fn items(&mut self) -> Result<(), StoreError> {
        let mut rng = Rng::stream(self.seed, &[10]);
        for i in (1..=self.scale.items).map(ItemId) {
            let row = self.blank(item::DATA.start());
            item::PRICE.set(row, rng.between(100, 10_000) as i64);
            item::IM_ID.set(row, rng.between(1, 10_000) as u32);
            let len = rng.between(14, 24) as usize;
            rng.text(&mut item::NAME.slot(row)[..len]);
            push_item_data(&mut rng, row);
            self.put(keys::ITEM, &keys::item(i))?;
        }
        Ok(())
    }

    /// The warehouse's row and its stock.
    fn warehouse(&mut self, w: WarehouseId) -> Result<(), StoreError> {
        let mut rng = Rng::stream(self.seed, &[11, w.0.into()]);
        let ytd_cents = self.district_ytd_cents() * i64::from(self.scale.districts);
        let row = self.blank(warehouse::SIZE);
        warehouse::YTD.set(row, ytd_cents);
        warehouse::TAX.set(row, rng.between(0, 2000) as u16);
        let len = rng.between(6, 10) as usize;
        rng.text(&mut warehouse::NAME.slot(row)[..len]);
        rng.text(warehouse::ADDRESS.slot(row));
        self.put(keys::WAREHOUSE, &keys::warehouse(w))?;

        for i in (1..=self.scale.items).map(ItemId) {
            let row = self.blank(stock::DATA.start());
            stock::QUANTITY.set(row, rng.between(10, 100) as i16);
            rng.text(stock::DISTS.slot(row));
            push_item_data(&mut rng, row);
            self.put(keys::STOCK, &keys::stock(w, i))?;
        }
        Ok(())
    }

    /// The district's row, its customers with a payment each, and its orders.
    fn district(&mut self, place: Place) -> Result<(), StoreError> {
        let mut rng = Rng::stream(self.seed, &[12, place.warehouse.0.into(), place.district.0.into()]);
        let (next_o_id, ytd_cents) = (self.scale.orders() + 1, self.district_ytd_cents());
        let row = self.blank(district::SIZE);
        district::NEXT_O_ID.set(row, next_o_id);
        district::YTD.set(row, ytd_cents);
        district::TAX.set(row, rng.between(0, 2000) as u16);
        let len = rng.between(6, 10) as usize;
        rng.text(&mut district::NAME.slot(row)[..len]);
        rng.text(district::ADDRESS.slot(row));
        self.put(keys::DISTRICT, &keys::district(place))?;

        for c in (1..=self.scale.customers).map(CustomerId) {
            self.customer(place, c, &mut rng)?;
        }
        let mut buyers: Vec<CustomerId> = (1..=self.scale.customers).map(CustomerId).collect();
        rng.shuffle(&mut buyers);
        for (buyer, o) in buyers.into_iter().zip((1..).map(OrderId)) {
            self.order(place, o, buyer, &mut rng)?;
        }
        Ok(())
    }

    fn customer(&mut self, place: Place, c: CustomerId, rng: &mut Rng) -> Result<(), StoreError> {
        let number = match u64::from(c.0) - 1 {
            first @ 0..1000 => first,
            _ => Nurand::load(self.seed).last_name(rng, 1000),
        };
        let last = last_name(number);
        let row = self.blank(customer::DATA.start());
        customer::BALANCE.set(row, -PAID_CENTS);
        customer::YTD_PAYMENT.set(row, PAID_CENTS);
        customer::PAYMENT_CNT.set(row, 1);
        customer::CREDIT_LIM.set(row, 5_000_000);
        customer::DISCOUNT.set(row, rng.between(0, 5000) as u16);
        customer::CREDIT.set(row, if rng.percent(10) { b"BC" } else { b"GC" });
        customer::SINCE.set(row, LOAD_DATE);
        customer::LAST.slot(row).copy_from_slice(&last);
        let len = rng.between(8, 15) as usize;
        rng.text(&mut customer::FIRST.slot(row)[..len]);
        customer::MIDDLE.set(row, b"OE");
        rng.text(customer::ADDRESS.slot(row));
        rng.digits(customer::PHONE.slot(row));
        push_text(rng, row, 300, 500);
        let by_name = keys::customer_by_name(place, &last, customer::FIRST.padded(row), c);
        self.put(keys::CUSTOMER, &keys::customer(place, c))?;
        self.put_empty(keys::CUSTOMER_BY_NAME, &by_name)?;

        let row = self.blank(history::DATA.start());
        history::C_W_ID.set(row, place.warehouse.0);
        history::C_D_ID.set(row, place.district.0);
        history::C_ID.set(row, c.0);
        history::W_ID.set(row, place.warehouse.0);
        history::D_ID.set(row, place.district.0);
        history::DATE.set(row, LOAD_DATE);
        history::AMOUNT.set(row, PAID_CENTS);
        push_text(rng, row, 12, 24);
        let unit = self.scale.place_index(place).unwrap_or_default() as u16;
        self.put(keys::HISTORY, &keys::history(FIRST_LOAD_WRITER + unit, c.0.into()))
    }

    fn order(&mut self, place: Place, o: OrderId, buyer: CustomerId, rng: &mut Rng) -> Result<(), StoreError> {
        let delivered = o.0 <= self.scale.orders_delivered();
        let lines = rng.between(5, 15) as u8;
        let row = self.blank(order::SIZE);
        order::CARRIER_ID.set(row, if delivered { rng.between(1, 10) as u8 } else { NO_CARRIER });
        order::OL_CNT.set(row, lines);
        order::ALL_LOCAL.set(row, 1);
        order::C_ID.set(row, buyer.0);
        order::ENTRY_D.set(row, LOAD_DATE);
        self.put(keys::ORDER, &keys::order(place, o))?;
        self.put_empty(keys::ORDERS_BY_CUSTOMER, &keys::order_of_customer(place, buyer, o))?;
        if !delivered {
            self.put_empty(keys::NEW_ORDER, &keys::order(place, o))?;
        }
        let items = u64::from(self.scale.items);
        for number in 1..=lines {
            let row = self.blank(order_line::SIZE);
            order_line::DELIVERY_D.set(row, if delivered { LOAD_DATE } else { NO_DATE });
            order_line::I_ID.set(row, rng.between(1, items) as u32);
            order_line::SUPPLY_W_ID.set(row, place.warehouse.0);
            order_line::QUANTITY.set(row, 5);
            order_line::AMOUNT.set(row, if delivered { 0 } else { rng.between(1, 999_999) as i64 });
            rng.text(order_line::DIST_INFO.slot(row));
            self.put(keys::ORDER_LINE, &keys::order_line(place, o, number))?;
        }
        Ok(())
    }

    /// What the district's customers have paid so far: D_YTD.
    fn district_ytd_cents(&self) -> i64 {
        PAID_CENTS * i64::from(self.scale.customers)
    }

    fn blank(&mut self, len: usize) -> &mut Vec<u8> {
        self.row.clear();
        self.row.resize(len, 0);
        &mut self.row
    }

    fn put(&mut self, table: TableId, key: &[u8]) -> Result<(), StoreError> {
        let row = std::mem::take(&mut self.row);
        let done = self.insert(table, key, &row);
        self.row = row;
        done
    }

    fn put_empty(&mut self, table: TableId, key: &[u8]) -> Result<(), StoreError> {
        self.insert(table, key, &[])
    }

    fn insert(&mut self, table: TableId, key: &[u8], row: &[u8]) -> Result<(), StoreError> {
        let txn = match &mut self.txn {
            Some(txn) => txn,
            none => none.insert(self.store.begin()?),
        };
        txn.insert(table, key, row).map_err(not_a_conflict)?;
        self.rows_in_txn += 1;
        if self.rows_in_txn == ROWS_PER_TXN { self.finish() } else { Ok(()) }
    }

    /// Commits what is open. Nobody waits for it: the load ends with a checkpoint.
    fn finish(&mut self) -> Result<(), StoreError> {
        if let Some(txn) = self.txn.take() {
            txn.commit().map_err(not_a_conflict)?;
        }
        self.rows.fetch_add(u64::from(self.rows_in_txn), Ordering::Relaxed);
        self.rows_in_txn = 0;
        Ok(())
    }
}

/// What every loaded customer has paid: 10.00.
const PAID_CENTS: i64 = 1000;

/// Loaders write disjoint keys, so a conflict is the store's mistake, and running again would hide it.
fn not_a_conflict(error: StoreError) -> StoreError {
    match error {
        StoreError::Conflict => StoreError::Fatal("a conflict while loading disjoint keys".to_owned()),
        StoreError::Fatal(message) => StoreError::Fatal(message),
    }
}
