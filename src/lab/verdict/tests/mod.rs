//! Each outcome of the rules, from made-up pairs: [`world`] makes them.

mod claims;
mod two_sided;
mod world;
