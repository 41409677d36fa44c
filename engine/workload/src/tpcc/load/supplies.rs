//! ITEM, STOCK, and the places: WAREHOUSE and DISTRICT.

use std::ops::Range;

use super::population::Population;
use super::source::source;
use crate::store::Rows;
use crate::tpcc::ids::{ItemId, WarehouseId};
use crate::tpcc::keys;
use crate::tpcc::random::push_item_data;
use crate::tpcc::rows::{district, item, stock, warehouse};

impl Population {
    pub(super) fn items(self) -> impl Rows {
        source((1..=self.scale.items).map(ItemId), move |i, row| {
            let key = keys::item(i);
            let mut rng = self.rng(keys::ITEM, &key);
            row.resize(item::DATA.start(), 0);
            item::PRICE.set(row, rng.between(100, 10_000) as i64);
            item::IM_ID.set(row, rng.between(1, 10_000) as u32);
            let len = rng.between(14, 24) as usize;
            rng.text(&mut item::NAME.slot(row)[..len]);
            push_item_data(&mut rng, row);
            key
        })
    }

    /// STOCK rows by their numbers, counted through all warehouses.
    pub(super) fn stock(self, part: Range<u64>) -> impl Rows {
        let items = u64::from(self.scale.items);
        let ids = part.map(move |n| (WarehouseId((n / items) as u16 + 1), ItemId((n % items) as u32 + 1)));
        source(ids, move |(w, i), row| {
            let key = keys::stock(w, i);
            let mut rng = self.rng(keys::STOCK, &key);
            row.resize(stock::DATA.start(), 0);
            stock::QUANTITY.set(row, rng.between(10, 100) as i16);
            rng.text(stock::DISTS.slot(row));
            push_item_data(&mut rng, row);
            key
        })
    }

    pub(super) fn warehouses(self) -> impl Rows {
        source(self.scale.warehouse_ids(), move |w, row| {
            let key = keys::warehouse(w);
            let mut rng = self.rng(keys::WAREHOUSE, &key);
            row.resize(warehouse::SIZE, 0);
            warehouse::YTD.set(row, self.district_ytd_cents() * i64::from(self.scale.districts));
            warehouse::TAX.set(row, rng.between(0, 2000) as u16);
            let len = rng.between(6, 10) as usize;
            rng.text(&mut warehouse::NAME.slot(row)[..len]);
            rng.text(warehouse::ADDRESS.slot(row));
            key
        })
    }

    pub(super) fn districts(self) -> impl Rows {
        source(self.scale.places(), move |place, row| {
            let key = keys::district(place);
            let mut rng = self.rng(keys::DISTRICT, &key);
            row.resize(district::SIZE, 0);
            district::NEXT_O_ID.set(row, self.scale.orders() + 1);
            district::YTD.set(row, self.district_ytd_cents());
            district::TAX.set(row, rng.between(0, 2000) as u16);
            let len = rng.between(6, 10) as usize;
            rng.text(&mut district::NAME.slot(row)[..len]);
            rng.text(district::ADDRESS.slot(row));
            key
        })
    }
}
