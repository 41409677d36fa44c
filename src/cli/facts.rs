//! What the store knows of each improvement, for the commands that show it beside the claim.
//!
//! The register must stay readable without a store, so that nothing here is required: what is not known is `Planned`
//! and unmeasured.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Context, Failure};
use crate::config::Config;
use crate::improvements::{ImprovementId, Status};
use crate::lab::build::digest_now;
use crate::lab::experiment::{Standing, Verdict};
use crate::lab::folder::LabFolder;
use crate::tracking::{self, Reader, VerdictFact};
use crate::units::{Gain, LogRatio};

/// What is known of one improvement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Known {
    /// Where it stands.
    pub status: Status,
    /// What the status rests on.
    pub reason: Option<String>,
    /// Once declared complete without accepted evidence: said so for ever.
    pub forced: bool,
    /// The newest verdict that decided something, or else the newest.
    pub verdict: Option<Verdict>,
    /// The published figure of that verdict.
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

/// The digest of the target's sources as they are now, or else as they were measured last.
pub async fn tree(context: &Context, config: &Config, store: &Reader) -> Result<Option<String>, Failure> {
    let lab = LabFolder::existing(&context.project.lab_dir());
    match digest_now(&config.target, context.project.root(), &lab) {
        Some(digest) => Ok(Some(digest)),
        None => Ok(store.latest_tree().await?),
    }
}

/// Reads the facts of every improvement.
pub async fn read(context: &Context, config: &Config) -> Result<Facts, Failure> {
    let Some(reader) = Reader::open(&context.project).await? else { return Ok(Facts::new()) };
    let (known, tree) = (reader.known().await?, tree(context, config, &reader).await?);
    Ok(known.into_iter().map(|(id, known)| (id, Known::new(&known, tree.as_deref()))).collect())
}

impl Known {
    fn new(known: &tracking::Known, tree: Option<&str>) -> Self {
        let public = tracking::derive(known, tree);
        let ruled = known.decisive.as_ref().or(known.latest.as_ref());
        Self {
            status: public.status,
            reason: Some(public.reason),
            forced: public.forced.is_some(),
            verdict: ruled.map(|fact| fact.ruling.verdict),
            measured: ruled
                .and_then(|fact| Some(Measured::new(fact, &fact.published()?, public.stale.unwrap_or_default()))),
        }
    }
}

impl Known {
    /// Of an improvement that the store has never heard of.
    pub const NOTHING: Self =
        Self { status: Status::Planned, reason: None, forced: false, verdict: None, measured: None };
}

impl Measured {
    fn new(fact: &VerdictFact, standing: &Standing, stale: bool) -> Self {
        let end = |end: f64| end.is_finite().then(|| LogRatio(end).gain());
        Self {
            gain: standing.estimate.gain(),
            low: end(standing.bounds.low),
            high: end(standing.bounds.high),
            workload: fact.workload.clone(),
            metric: fact.metric.clone(),
            pairs: standing.pairs,
            stale,
        }
    }

    /// `+412 % [+398 %, +431 %]`, and that it is stale where it is.
    pub fn shown(&self) -> String {
        let end =
            |end: Option<Gain>, otherwise: &str| end.map_or_else(|| otherwise.to_owned(), |gain| gain.to_string());
        let bounds = format!("[{}, {}]", end(self.low, "−∞"), end(self.high, "∞"));
        let stale = if self.stale { " (stale)" } else { "" };
        format!("{} {bounds}{stale}", self.gain)
    }
}
