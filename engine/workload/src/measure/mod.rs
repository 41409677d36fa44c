//! What is measured: a slice with all that happened in it, and the metrics that are read from that.
//!
//! The driver of the workbench and `workload run` measure by [`Measurement::of`], and say what [`metric`] lists.

mod footprint;
pub mod metric;
mod slice;

pub use footprint::Footprint;
pub use metric::Metric;
pub use slice::Measurement;
