//! The numbers things go by. All count from 1, as the specification does.

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub $inner);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A warehouse.
    WarehouseId(u16)
);
id!(
    /// A district of a warehouse.
    DistrictId(u8)
);
id!(
    /// A customer of a district.
    CustomerId(u16)
);
id!(
    /// An item; the same in all warehouses.
    ItemId(u32)
);
id!(
    /// An order of a district.
    OrderId(u32)
);

/// A district of a warehouse, for short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// The warehouse.
    pub warehouse: WarehouseId,
    /// The district in it.
    pub district: DistrictId,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "warehouse {} district {}", self.warehouse, self.district)
    }
}
