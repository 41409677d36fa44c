//! Order-preserving keys: big-endian numbers side by side, so that comparing bytes compares columns.
//!
//! | table | key |
//! |---|---|
//! | warehouse | w |
//! | district | w d |
//! | customer | w d c |
//! | customer_by_name | w d last first c (row empty) |
//! | order | w d o |
//! | orders_by_customer | w d c !o (row empty): the newest order comes first |
//! | new_order | w d o (row empty) |
//! | order_line | w d o n |
//! | item | i |
//! | stock | w i |
//! | history | session, running number: it has no key in the specification, only uniqueness is asked |

use super::ids::{CustomerId, DistrictId, ItemId, OrderId, Place, WarehouseId};
use super::rows::NAME_LEN;
use crate::store::TableId;

/// Names of the tables, in the order of their ids below.
pub const TABLES: &[&str] = &[
    "warehouse",
    "district",
    "customer",
    "history",
    "order",
    "new_order",
    "order_line",
    "item",
    "stock",
    "customer_by_name",
    "orders_by_customer",
];
/// WAREHOUSE.
pub const WAREHOUSE: TableId = TableId(0);
/// DISTRICT.
pub const DISTRICT: TableId = TableId(1);
/// CUSTOMER.
pub const CUSTOMER: TableId = TableId(2);
/// HISTORY.
pub const HISTORY: TableId = TableId(3);
/// ORDER.
pub const ORDER: TableId = TableId(4);
/// NEW-ORDER.
pub const NEW_ORDER: TableId = TableId(5);
/// ORDER-LINE.
pub const ORDER_LINE: TableId = TableId(6);
/// ITEM.
pub const ITEM: TableId = TableId(7);
/// STOCK.
pub const STOCK: TableId = TableId(8);
/// Index of CUSTOMER by last and first name.
pub const CUSTOMER_BY_NAME: TableId = TableId(9);
/// Index of ORDER by customer, newest first.
pub const ORDERS_BY_CUSTOMER: TableId = TableId(10);

/// A last or first name as a key holds it, padded with zeros.
pub type Name = [u8; NAME_LEN];

/// Puts parts of fixed size side by side.
macro_rules! concat {
    ($($part:expr),+ $(,)?) => {{
        let mut key = [0; _];
        let mut at = 0;
        $(
            let part = $part;
            key[at..at + part.len()].copy_from_slice(&part[..]);
            at += part.len();
        )+
        debug_assert_eq!(at, key.len());
        key
    }};
}

/// Key of WAREHOUSE.
#[inline]
pub fn warehouse(w: WarehouseId) -> [u8; 2] {
    w.0.to_be_bytes()
}

/// Key of DISTRICT, and the prefix of what belongs to one.
#[inline]
pub fn district(place: Place) -> [u8; 3] {
    concat!(warehouse(place.warehouse), [place.district.0])
}

/// The first key after everything of `place`.
#[inline]
pub fn after_district(place: Place) -> [u8; 3] {
    district(Place { district: DistrictId(place.district.0 + 1), ..place })
}

/// Key of CUSTOMER.
#[inline]
pub fn customer(place: Place, c: CustomerId) -> [u8; 5] {
    concat!(district(place), c.0.to_be_bytes())
}

/// Key of the index by name.
#[inline]
pub fn customer_by_name(place: Place, last: &Name, first: &[u8], c: CustomerId) -> [u8; 37] {
    concat!(customers_named(place, last), first, c.0.to_be_bytes())
}

/// Prefix of all customers of one last name.
#[inline]
pub fn customers_named(place: Place, last: &Name) -> [u8; 19] {
    concat!(district(place), last)
}

/// The first key after all customers of one last name. A name's last byte is padding, so this cannot overflow.
#[inline]
pub fn after_customers_named(place: Place, last: &Name) -> [u8; 19] {
    let mut key = customers_named(place, last);
    key[18] += 1;
    key
}

/// The customer in a key of the index by name.
#[inline]
pub fn customer_of_name_key(key: &[u8]) -> CustomerId {
    CustomerId(u16::from_be_bytes([key[35], key[36]]))
}

/// Key of ORDER and NEW-ORDER, and the prefix of an order's lines.
#[inline]
pub fn order(place: Place, o: OrderId) -> [u8; 7] {
    concat!(district(place), o.0.to_be_bytes())
}

/// The order in a key that starts with [`order`].
#[inline]
pub fn order_of_key(key: &[u8]) -> OrderId {
    OrderId(u32::from_be_bytes([key[3], key[4], key[5], key[6]]))
}

/// Key of ORDER-LINE.
#[inline]
pub fn order_line(place: Place, o: OrderId, number: u8) -> [u8; 8] {
    concat!(order(place, o), [number])
}

/// Key of the index of orders by customer.
#[inline]
pub fn order_of_customer(place: Place, c: CustomerId, o: OrderId) -> [u8; 9] {
    concat!(customer(place, c), (!o.0).to_be_bytes())
}

/// The order in a key of the index of orders by customer.
#[inline]
pub fn order_of_customer_key(key: &[u8]) -> OrderId {
    OrderId(!u32::from_be_bytes([key[5], key[6], key[7], key[8]]))
}

/// Key of ITEM.
#[inline]
pub fn item(i: ItemId) -> [u8; 4] {
    i.0.to_be_bytes()
}

/// Key of STOCK.
#[inline]
pub fn stock(w: WarehouseId, i: ItemId) -> [u8; 6] {
    concat!(warehouse(w), item(i))
}

/// Key of HISTORY: the `n`th row of a writer.
#[inline]
pub fn history(writer: u16, n: u32) -> [u8; 6] {
    concat!(writer.to_be_bytes(), n.to_be_bytes())
}

/// The place in a key that starts with [`district`].
#[inline]
pub fn place_of_key(key: &[u8]) -> Place {
    Place { warehouse: WarehouseId(u16::from_be_bytes([key[0], key[1]])), district: DistrictId(key[2]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_compare_as_columns_do() {
        let place = |w, d| Place { warehouse: WarehouseId(w), district: DistrictId(d) };
        assert!(order(place(1, 10), OrderId(3)) < order(place(2, 1), OrderId(1)));
        assert!(order(place(1, 1), OrderId(255)) < order(place(1, 1), OrderId(256)));
        assert!(order_line(place(1, 1), OrderId(9), 15)[..] < order(place(1, 1), OrderId(10))[..]);
        let newest_first = |o| order_of_customer(place(1, 1), CustomerId(7), OrderId(o));
        assert!(newest_first(300) < newest_first(299));
        assert_eq!(order_of_customer_key(&newest_first(300)), OrderId(300));
        let last = *b"BARBARBAR\0\0\0\0\0\0\0";
        let key = customer_by_name(place(1, 2), &last, &[b'z'; NAME_LEN], CustomerId(513));
        assert!(customers_named(place(1, 2), &last)[..] < key[..]);
        assert!(key[..] < after_customers_named(place(1, 2), &last)[..]);
        assert_eq!(customer_of_name_key(&key), CustomerId(513));
        assert_eq!(place_of_key(&key), place(1, 2));
    }
}
