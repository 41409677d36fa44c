//! What the store knows of each improvement, for the commands that show it beside the claim.
//!
//! The register must stay readable without a store, so that nothing here is required: what is not known is `Planned`
//! and unmeasured.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Context, Failure};
use crate::catalog::Catalog;
use crate::config::Config;
use crate::improvements::{AgainstClaim, Claim, Direction, ImprovementId, Status};
use crate::lab::experiment::Verdict;
use crate::tracking::{self, Note, Reader, VerdictFact};
use crate::units::{Effect, Gain};

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
    /// What the stack loses without it, where that was measured.
    pub left_out: Option<LeftOut>,
    /// What people have noted, the oldest first.
    pub notes: Vec<Note>,
}

/// What becomes of the metric when an improvement is left out of the stack. A status never rests on it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeftOut {
    /// Estimate and bounds as changes of the metric on the way from the stack to the stack without it.
    pub change: Effect,
    /// Which way the metric improves.
    pub better: Direction,
    /// The plan's label of the workload.
    pub workload: String,
    /// The metric.
    pub metric: String,
    /// Pairs behind it.
    pub pairs: u32,
    /// The verdict on what it still brings.
    pub verdict: Verdict,
}

/// A published figure: never a claim. `gain`, `low` and `high` say by how much it is better, as a factor less one;
/// `change` says what became of the metric itself, and is what people are shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// The estimate.
    pub gain: Gain,
    /// Lower end of the always-valid bounds; absent while unbounded.
    pub low: Option<Gain>,
    /// Upper end; absent while unbounded.
    pub high: Option<Gain>,
    /// Estimate and bounds as changes of the metric.
    pub change: Effect,
    /// Which way the metric improves.
    pub better: Direction,
    /// How it compares with the claim, where the two can be compared.
    pub against_claim: Option<AgainstClaim>,
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
    Ok(store.tree_now(&config.target, &context.project).await?)
}

/// Reads the facts of every improvement.
pub async fn read(context: &Context, catalog: &Catalog) -> Result<Facts, Failure> {
    let Catalog { config, register, .. } = catalog;
    let Some(reader) = Reader::open(&context.project).await? else { return Ok(Facts::new()) };
    let (known, tree) = (reader.known().await?, tree(context, config, &reader).await?);
    let claim =
        |id: &ImprovementId| register.improvements.iter().find(|entry| entry.id == *id).map(|entry| &entry.claim);
    Ok(known
        .into_iter()
        .map(|(id, known)| {
            let known = Known::new(&known, claim(&id), tree.as_deref());
            (id, known)
        })
        .collect())
}

impl Known {
    fn new(known: &tracking::Known, claim: Option<&Claim>, tree: Option<&str>) -> Self {
        let public = tracking::derive(known, tree);
        let ruled = known.cited();
        Self {
            status: public.status,
            reason: Some(public.reason),
            forced: public.forced.is_some(),
            verdict: ruled.map(|fact| fact.ruling.verdict),
            measured: ruled.and_then(|fact| Measured::new(fact, claim, public.stale.unwrap_or_default())),
            left_out: known.left_out.as_ref().and_then(LeftOut::new),
            notes: known.notes.clone(),
        }
    }
}

/// Of an improvement that the store has never heard of.
pub static NOTHING: Known = Known {
    status: Status::Planned,
    reason: None,
    forced: false,
    verdict: None,
    measured: None,
    left_out: None,
    notes: Vec::new(),
};

impl LeftOut {
    fn new(fact: &VerdictFact) -> Option<Self> {
        let standing = fact.measured()?;
        Some(Self {
            change: standing.reversed().effect(fact.better),
            better: fact.better,
            workload: fact.workload.clone(),
            metric: fact.metric.clone(),
            pairs: standing.pairs,
            verdict: fact.ruling.verdict,
        })
    }
}

impl Measured {
    /// The published figure of a verdict; `None` when it has none.
    fn new(fact: &VerdictFact, claim: Option<&Claim>, stale: bool) -> Option<Self> {
        let standing = fact.measured()?;
        let [low, high] = standing.bounds.gains();
        Some(Self {
            gain: standing.estimate.gain(),
            low,
            high,
            change: standing.effect(fact.better),
            better: fact.better,
            against_claim: claim.and_then(|claim| claim.against(standing.bounds, fact.better)),
            workload: fact.workload.clone(),
            metric: fact.metric.clone(),
            pairs: standing.pairs,
            stale,
        })
    }

    /// `+412 % [+398 %, +431 %]`, and that it is stale where it is.
    pub fn shown(&self) -> String {
        let stale = if self.stale { " (stale)" } else { "" };
        format!("{}{stale}", self.change)
    }
}
