//! All facts that a report rests on, of one moment.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::agent::{self, AgentFact};
use super::error::{At, Fault, StoreError};
use super::experiment::{self, Experiment};
use super::screen::{self, Screen};
use super::stack::StackEntry;
use super::status::Known;
use super::store::Reader;
use super::{improvement, life, log, stack};
use crate::agents::facts::Life;
use crate::config::Target;
use crate::improvements::ImprovementId;
use crate::lab::build::digest_now;
use crate::lab::folder::LabFolder;
use crate::project::Project;

/// Facts of one moment. Empty where nothing was ever recorded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Number and time of the last change that is in them.
    pub as_of: Option<(i64, Timestamp)>,
    /// What is known of each improvement that has any fact.
    pub known: BTreeMap<ImprovementId, Known>,
    /// Digest of the tree that was measured last.
    pub tree: Option<String>,
    /// The stack, in the order in which improvements joined.
    pub stack: Vec<StackEntry>,
    /// The latest status of each agent that has one.
    pub agents: Vec<AgentFact>,
    /// The experiments behind the verdicts in `known`, the newest first.
    pub experiments: Vec<Experiment>,
    /// The latest screen of each kind that has come to its end.
    pub screens: Vec<Screen>,
    /// Every assignment, the oldest first.
    pub lives: Vec<Life>,
}

impl Reader {
    /// All facts that a report rests on.
    pub async fn facts(&self) -> Result<Facts, StoreError> {
        self.gather().await.at(self.path())
    }

    /// The digest of the target's sources as they are now, or else as they were measured last: what a figure is stale against.
    pub async fn tree_now(&self, target: &Target, project: &Project) -> Result<Option<String>, StoreError> {
        match digest_now(target, project.root(), &LabFolder::existing(&project.lab_dir())) {
            Some(digest) => Ok(Some(digest)),
            None => self.latest_tree().await,
        }
    }

    async fn gather(&self) -> Result<Facts, Fault> {
        let mut moment = self.moment().await?;
        let known = improvement::known(&mut moment).await?;
        let verdicts =
            known.values().flat_map(|known| known.latest.iter().chain(&known.decisive).chain(&known.left_out));
        let wanted: BTreeSet<_> = verdicts.map(|verdict| verdict.experiment).collect();
        let mut experiments = Vec::with_capacity(wanted.len());
        for id in wanted.into_iter().rev() {
            experiments.extend(experiment::whole(&mut moment, id).await?);
        }
        Ok(Facts {
            as_of: log::last(&mut moment).await?,
            tree: experiment::latest_tree(&mut moment).await?,
            stack: stack::current(&mut moment).await?,
            agents: agent::latest(&mut moment).await?,
            lives: life::all(&mut moment).await?,
            screens: screen::latest_ended(&mut moment).await?,
            known,
            experiments,
        })
    }
}
