//! What is measured: a slice with all that happened in it, and the metrics that are read from that.
//!
//! The driver of the workbench and `workload run` measure by [`Measurement::of`], and say what [`metric`] lists.

pub mod metric;
mod slice;

pub use metric::Metric;
pub use slice::Measurement;
