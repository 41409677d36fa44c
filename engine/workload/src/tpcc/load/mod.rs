//! The initial population (4.3.3), table by table in key order, so that a store can fill each in the fastest way it has.
//!
//! ```text
//!  threads      1                  2                  …
//!  customer    │ districts 1-10   │ districts 11-20  │ …      a source each: rows by ascending keys
//!  stock       │ rows 1-100 000   │ rows 100 001-    │ …
//! ```
//! Every row is drawn from a random stream of its own, named by the table and the key. So the population is the same
//! whoever writes which part of it and when, and what must agree needs not be remembered: the index by name draws a
//! customer's name again, the lines of an order draw how many they are. The one thing that belongs to no row, which customer
//! has placed which order, is shuffled once for each district by whoever needs it. The two indexes sort a district's
//! keys in memory; nothing else is held.
//!
//! Read [`fill`] for the order of things, [`source`] for how a list of ids becomes rows, and the three others for the rows.

mod fill;
mod orders;
mod people;
mod population;
mod source;
mod supplies;

pub use fill::{Filling, load};
