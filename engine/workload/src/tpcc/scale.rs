//! How much data there is.

use super::ids::{DistrictId, Place, WarehouseId};

/// Cardinalities. Only `warehouses` varies in a real run; the others shrink for tests, where a crash is tried at every
/// write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// Warehouses.
    pub warehouses: u16,
    /// Districts of a warehouse, at most 10: a stock row has ten S_DIST fields.
    pub districts: u8,
    /// Customers of a district, and orders it is loaded with.
    pub customers: u16,
    /// Items, and stock rows of a warehouse.
    pub items: u32,
}

impl Scale {
    /// The specification's cardinalities for a number of warehouses.
    pub const fn full(warehouses: u16) -> Self {
        Scale { warehouses, districts: 10, customers: 3000, items: 100_000 }
    }

    /// A few hundred rows, with every kind of row among them.
    pub const fn tiny(warehouses: u16) -> Self {
        Scale { warehouses, districts: 2, customers: 10, items: 20 }
    }

    /// Orders a district is loaded with: one per customer.
    pub const fn orders(&self) -> u32 {
        self.customers as u32
    }

    /// Of those, the delivered ones; the last 30 % are new.
    pub const fn orders_delivered(&self) -> u32 {
        self.orders() * 7 / 10
    }

    /// Distinct last names that are sure to exist: the first customers have one each.
    pub const fn last_names(&self) -> u64 {
        if self.customers < 1000 { self.customers as u64 } else { 1000 }
    }

    /// All warehouses.
    pub fn warehouse_ids(&self) -> impl Iterator<Item = WarehouseId> + use<> {
        (1..=self.warehouses).map(WarehouseId)
    }

    /// All districts of all warehouses.
    pub fn places(&self) -> impl Iterator<Item = Place> + use<> {
        let districts = self.districts;
        self.warehouse_ids().flat_map(move |warehouse| {
            (1..=districts).map(move |district| Place { warehouse, district: DistrictId(district) })
        })
    }

    /// The place's number, from 0 and without gaps; `None` if there is no such place.
    pub fn place_index(&self, place: Place) -> Option<usize> {
        let (w, d) = (usize::from(place.warehouse.0), usize::from(place.district.0));
        let districts = usize::from(self.districts);
        let inside = (1..=usize::from(self.warehouses)).contains(&w) && (1..=districts).contains(&d);
        inside.then(|| (w - 1) * districts + d - 1)
    }

    /// Rows a load writes, roughly: orders have ten lines on average.
    pub fn rows_estimate(&self) -> u64 {
        let districts = u64::from(self.warehouses) * u64::from(self.districts);
        let orders = u64::from(self.orders());
        let per_district =
            1 + 3 * u64::from(self.customers) + 12 * orders + orders - u64::from(self.orders_delivered());
        u64::from(self.items) * (1 + u64::from(self.warehouses)) + u64::from(self.warehouses) + districts * per_district
    }
}
