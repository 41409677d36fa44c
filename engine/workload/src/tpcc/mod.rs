//! TPC-C: a wholesale supplier with warehouses, districts, customers, orders and stock (specification 5.11).
//!
//! Nine tables and the two indexes the transactions need, five transactions as native procedures over any
//! [`Store`](crate::store::Store), the loader, and the specification's twelve consistency conditions.
//!
//! Read [`scale`](Scale) and [`rows`] for the data, [`input`](Input) for what is asked, the five procedures for what is
//! done, and [`consistency`](consistency::check) for what must hold afterwards.
//!
//! What differs from the specification, and why: no think and keying times (the question is the engine's speed, so
//! sessions ask again at once); dates are a logical clock (states of equal seeds compare equal); the mix is dealt from
//! a shuffled deck of 100 cards (45/43/4/4/4 holds in every slice). Hot rows are taken first and by locking reads, the
//! district in New-Order and the warehouse in Payment: a snapshot taken before would only be there to conflict.

mod beside;
pub mod consistency;
mod delivery;
mod entry;
pub mod field;
pub mod ids;
mod input;
pub mod keys;
mod load;
mod new_order;
mod order_status;
mod payment;
mod procedure;
mod random;
pub mod rows;
mod scale;
mod stock_level;
mod workload;

pub use entry::ENTRY;
pub use input::{Customer, Input, Kind, NewOrder, OrderLine, Payment, Session};
pub use load::{Filling, load};
pub use procedure::{Buffers, execute};
pub use scale::Scale;
pub use workload::{Beside, Tpcc};
