//! What the five procedures share: buffers, the way to a customer, and the dispatch.

use std::ops::ControlFlow;

use super::ids::{CustomerId, Place};
use super::input::{Customer, Input};
use super::scale::Scale;
use super::{delivery, keys, new_order, order_status, payment, stock_level};
use crate::store::{Decision, StoreError, Txn};

/// A worker's buffers: procedures do not allocate once these have grown.
#[derive(Debug, Default)]
pub struct Buffers {
    pub(super) row: Vec<u8>,
    pub(super) text: Vec<u8>,
    pub(super) customers: Vec<CustomerId>,
    pub(super) items: Vec<u32>,
    pub(super) item_keys: Vec<[u8; 4]>,
    pub(super) stock_keys: Vec<[u8; 6]>,
    pub(super) line_keys: Vec<[u8; 8]>,
    /// What a terminal would show, folded into a number: reading it keeps the reads from being optimised away.
    pub reply: u64,
}

/// Runs the transaction of `input` inside `txn`, up to its decision to commit or roll back.
pub fn execute<T: Txn>(
    txn: &mut T,
    scale: &Scale,
    input: &Input,
    buffers: &mut Buffers,
) -> Result<Decision, StoreError> {
    match input {
        Input::NewOrder(order) => new_order::run(txn, order, buffers),
        Input::Payment(payment) => payment::run(txn, payment, buffers),
        Input::OrderStatus { place, customer } => order_status::run(txn, *place, customer, buffers),
        Input::Delivery { warehouse, carrier, date } => delivery::run(txn, scale, *warehouse, *carrier, *date, buffers),
        Input::StockLevel { place, threshold } => stock_level::run(txn, *place, *threshold, buffers),
    }
}

/// The number of a customer named either way. By name it is the middle one in the order of first names, rounded up.
pub(super) fn find_customer<T: Txn>(
    txn: &mut T,
    place: Place,
    customer: &Customer,
    found: &mut Vec<CustomerId>,
) -> Result<CustomerId, StoreError> {
    match customer {
        Customer::Id(id) => Ok(*id),
        Customer::Name(last) => {
            found.clear();
            let (from, to) = (keys::customers_named(place, last), keys::after_customers_named(place, last));
            txn.scan(keys::CUSTOMER_BY_NAME, &from, &to, |key, _| {
                found.push(keys::customer_of_name_key(key));
                ControlFlow::Continue(())
            })?;
            let middle = found.len().div_ceil(2).checked_sub(1).ok_or_else(|| {
                StoreError::Fatal(format!("{place} has nobody named {}", String::from_utf8_lossy(last)))
            })?;
            Ok(found[middle])
        }
    }
}

/// Turns a row that must be there, and is not, into an error with its name.
#[inline]
pub(super) fn must_exist(found: bool, row: impl FnOnce() -> String) -> Result<(), StoreError> {
    if found { Ok(()) } else { Err(StoreError::Fatal(format!("{} is missing", row()))) }
}
