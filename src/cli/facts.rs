//! What the store knows of each improvement, for the commands that show it beside the claim.
//!
//! The register must stay readable without a store, so that nothing here is required: what is not known is `Planned`
//! and unmeasured.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Context, Failure};
use crate::improvements::{ImprovementId, Status};
use crate::lab::experiment::Verdict;
use crate::units::Gain;

/// What is known of one improvement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Known {
    /// Where it stands.
    pub status: Status,
    /// Why, where a person set it.
    pub reason: Option<String>,
    /// Declared complete without accepted evidence: said so for ever.
    pub forced: bool,
    /// The newest verdict.
    pub verdict: Option<Verdict>,
    /// The published figure of the newest verdict.
    pub measured: Option<Measured>,
}

/// A published figure: never a claim.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// The estimate.
    pub gain: Gain,
    /// Lower end of the always-valid bounds; absent while unbounded.
    pub low: Option<Gain>,
    /// Upper end; absent while unbounded.
    pub high: Option<Gain>,
    /// The plan's label of the deciding workload: `tpcc sessions=64`.
    pub workload: String,
    /// The deciding metric.
    pub metric: String,
    /// Pairs behind it.
    pub pairs: u32,
    /// The base has moved since.
    pub stale: bool,
}

/// Known facts by improvement; empty while there is no store.
pub type Facts = BTreeMap<ImprovementId, Known>;

/// Reads the facts of every improvement.
pub async fn read(_context: &Context) -> Result<Facts, Failure> {
    Ok(Facts::new())
}

impl Known {
    /// Of an improvement that the store has never heard of.
    pub const NOTHING: Self =
        Self { status: Status::Planned, reason: None, forced: false, verdict: None, measured: None };
}

impl Measured {
    /// `+412 % [+398 %, +431 %]`, and that it is stale where it is.
    pub fn shown(&self) -> String {
        let end =
            |end: Option<Gain>, otherwise: &str| end.map_or_else(|| otherwise.to_owned(), |gain| gain.to_string());
        let bounds = format!("[{}, {}]", end(self.low, "−∞"), end(self.high, "∞"));
        let stale = if self.stale { " (stale)" } else { "" };
        format!("{} {bounds}{stale}", self.gain)
    }
}
