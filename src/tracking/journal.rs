//! The lab's port: each event becomes one transaction of facts, or a live row.

use sqlx::SqliteConnection;

use super::agent::{self, AgentState};
use super::error::{At, Fault, StoreError};
use super::store::Store;
use super::{build, calibration, experiment, live, pair, profile, verdict};
use crate::lab::experiment::{ExperimentId, Plan, Ruling, Side};
use crate::lab::journal::{Event, Journal, Opened};
use crate::profiles::{Capture, Kind, Owner, ShelfError};

impl Journal for Store {
    type Error = StoreError;

    async fn open(&mut self, plan: &Plan, resume: bool) -> Result<Opened, StoreError> {
        let opened = self.open_experiment(plan, resume).await;
        opened.at(self.path())
    }

    async fn record(&mut self, id: ExperimentId, event: &Event) -> Result<(), StoreError> {
        let recorded = match event {
            Event::Slice { .. } | Event::Progress { .. } => self.record_live(id, event).await,
            Event::Profiled { side, kind, folded, samples, cpu, measured, period, weight, ops } => {
                match Kind::named(kind) {
                    Some(kind) => {
                        let arm = profile::arm(*side);
                        let (samples, cpu, ops) = (*samples, *cpu, *ops);
                        let (measured, period, weight) = (*measured, *period, *weight);
                        let capture = Capture { arm, kind, folded, samples, cpu, measured, period, weight, ops };
                        self.record_profile(id, *side, &capture).await
                    }
                    None => Err(Fault::Refused { what: format!("there is no profile of the kind {kind:?}") }),
                }
            }
            Event::Stage { .. }
            | Event::Built(_)
            | Event::Pair(_)
            | Event::Standing { .. }
            | Event::Calibrated(_)
            | Event::Ruled(_)
            | Event::ProfilesTaken
            | Event::Stopped { .. } => self.record_fact(id, event).await,
        };
        recorded.at(self.path())
    }
}

impl Store {
    async fn open_experiment(&self, plan: &Plan, resume: bool) -> Result<Opened, Fault> {
        let mut facts = self.facts().await?;
        let earlier = if resume { experiment::undecided(&mut facts, plan).await? } else { None };
        let (id, plan, pairs) = match earlier {
            Some(id) => {
                // Its pairs were tossed from that plan's seed and are judged by that plan's noise.
                let plan = experiment::plan_in_force(&mut facts, id).await?;
                (id, plan, pair::of(&mut facts, id, 0).await?.into_iter().map(|fact| fact.pair).collect())
            }
            None => (experiment::insert(&mut facts, plan, &self.agents).await?, plan.clone(), Vec::new()),
        };
        experiment::sit_down(&mut facts, id, &plan).await?;
        live::sweep(&mut facts).await?;
        tell_agents(&mut facts, id, AgentState::Active, "is being measured").await?;
        facts.commit().await?;
        Ok(Opened { id, plan, pairs })
    }

    async fn record_live(&self, id: ExperimentId, event: &Event) -> Result<(), Fault> {
        let mut live = self.live().await?;
        match event {
            Event::Slice { workload, side, rate } => live::slice(&mut live, id, *workload, *side, *rate).await?,
            Event::Progress { note } => live::progress(&mut live, id, note).await?,
            other => return Err(Fault::Refused { what: format!("{other:?} is not a live row") }),
        }
        Ok(live.commit().await?)
    }

    async fn record_fact(&self, id: ExperimentId, event: &Event) -> Result<(), Fault> {
        let mut facts = self.facts().await?;
        match event {
            Event::Stage { stage, note } => experiment::stage(&mut facts, id, *stage, note).await?,
            Event::Built(binary) => build::insert(&mut facts, id, binary).await?,
            Event::Pair(pair) => pair::insert(&mut facts, id, pair).await?,
            Event::Standing { workload, standing } => {
                pair::insert_standing(&mut facts, id, *workload, standing).await?
            }
            Event::Calibrated(found) => calibration::insert(&mut facts, id, found).await?,
            Event::Ruled(ruling) => conclude(&mut facts, id, ruling).await?,
            Event::ProfilesTaken => stop(&mut facts, id, experiment::PROFILES_TAKEN, "is profiled").await?,
            Event::Stopped { reason } => {
                stop(&mut facts, id, reason, &format!("stopped before a verdict: {reason}")).await?;
            }
            other => return Err(Fault::Refused { what: format!("{other:?} is not a fact") }),
        }
        Ok(facts.commit().await?)
    }

    /// The file first, then the row that names it: a row never points at nothing.
    async fn record_profile(&self, id: ExperimentId, side: Side, capture: &Capture<'_>) -> Result<(), Fault> {
        let mut facts = self.facts().await?;
        let (question, _) = experiment::owners(&mut facts, id).await?;
        let owner = Owner { subject: question.subject(), experiment: id.0 };
        let file = self.shelf.keep(owner, capture)?;
        profile::insert(&mut facts, id, side, &file, capture).await?;
        let all = profile::of(&mut facts, id).await?;
        facts.commit().await?;
        // The pictures come last: they can be drawn again, the facts cannot.
        match profile::draw(&self.shelf, owner, &all, capture.kind) {
            // A driver that sends garbage costs a picture, not the experiment; `workbench profile` tells it again.
            Err(error @ ShelfError::Folded { .. }) => {
                tracing::warn!("{error}");
                Ok(())
            }
            drawn => Ok(drawn?),
        }
    }
}

/// The verdict, the stack and the agents: all of it or nothing.
async fn conclude(facts: &mut SqliteConnection, id: ExperimentId, ruling: &Ruling) -> Result<(), Fault> {
    verdict::insert(facts, id, ruling).await?;
    live::sweep(facts).await?;
    let plan = experiment::plan_in_force(facts, id).await?;
    let better = plan.workloads.first().map(|main| main.better).unwrap_or_default();
    let published = verdict::published(ruling).filter(|standing| standing.pairs > 0);
    let figure = published.map(|standing| format!(" {}", standing.estimate.told(better))).unwrap_or_default();
    tell_agents(facts, id, AgentState::Ready, &format!("{}{figure}", ruling.verdict)).await
}

/// No verdict, and why.
async fn stop(facts: &mut SqliteConnection, id: ExperimentId, reason: &str, told: &str) -> Result<(), Fault> {
    experiment::stop(facts, id, reason).await?;
    live::sweep(facts).await?;
    tell_agents(facts, id, AgentState::Ready, told).await
}

async fn tell_agents(
    facts: &mut SqliteConnection,
    id: ExperimentId,
    state: AgentState,
    what: &str,
) -> Result<(), Fault> {
    let (question, agents) = experiment::owners(facts, id).await?;
    let note = format!("{} {what}", question.subject());
    for agent in agents {
        agent::insert(facts, agent, state, question.improvement(), &note, "workbench").await?;
    }
    Ok(())
}
