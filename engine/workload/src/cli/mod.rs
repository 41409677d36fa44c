//! The command line. [`args`](args) builds it from the catalogue, so that a parameter is described in one place;
//! [`run`](run) drives a workload for a person; [`table`](table) and [`layers`](layers) are what they read. [`matrix`](matrix) tests sets of improvements.

mod args;
mod layers;
mod matrix;
mod run;
mod table;

pub use args::main;
