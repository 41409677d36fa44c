//! A register for a project that has none yet: an improvement for each of its features.
//!
//! Nobody has promised anything of them, so their claims carry no figure.

use super::import::Records;
use super::plan::{Header, Pack, Parity, Phase, Phases, Protocol, Risks, SuccessMetrics, UNDATED};
use super::{Category, Claim, Improvement, ImprovementId, Priority, Trial, Variants};

/// Entries that an id's three digits can number.
pub const FEATURES_MAX: usize = 999;

/// What the register is made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Foreign {
    /// The package.
    pub package: String,
    /// Its features that become improvements, at most [`FEATURES_MAX`].
    pub features: Vec<String>,
    /// Pairs of them that cannot be built together.
    pub conflicts: Vec<[String; 2]>,
    /// Where a gain would show.
    pub workload: Trial,
    /// What must not regress.
    pub guards: Vec<Trial>,
    /// What no feature can touch, where there is such work.
    pub control: Option<Trial>,
}

impl Foreign {
    /// The records of the register.
    pub fn records(&self) -> Records {
        let improvements: Vec<Improvement> = (0..self.features.len()).map(|index| self.improvement(index)).collect();
        let phase = Phase {
            number: 1,
            name: "Features as they are".to_owned(),
            weeks: String::new(),
            goal: format!("To know what each feature of {} brings", self.package),
            members: improvements.iter().map(|entry| entry.id.clone()).collect(),
            also: Vec::new(),
            criteria: Vec::new(),
            deliverables: Vec::new(),
        };
        Records {
            header: self.header(),
            phases: Phases { phases: vec![phase] },
            metrics: SuccessMetrics { groups: Vec::new() },
            risks: Risks { risks: Vec::new() },
            parity: Parity {
                model: "none".to_owned(),
                claim: String::new(),
                target: String::new(),
                groups: Vec::new(),
            },
            protocol: Protocol {
                standup_hours: 24,
                standup: Vec::new(),
                review: Vec::new(),
                conflicts: Vec::new(),
                channels: Vec::new(),
            },
            improvements,
            agents: Vec::new(),
            assumed: Vec::new(),
            kept: Vec::new(),
        }
    }

    fn header(&self) -> Header {
        Header {
            name: self.package.clone(),
            date: UNDATED.to_owned(),
            branch: "main".to_owned(),
            target: format!("The features of {} that are worth having", self.package),
            focus: Vec::new(),
            orchestrator: 1,
            categories: vec![category()],
            packs: vec![Pack {
                name: self.package.clone(),
                source: "the features in its Cargo.toml".to_owned(),
                prefixes: vec![PREFIX.to_owned()],
            }],
            notes: Vec::new(),
            appendix: Vec::new(),
        }
    }

    fn improvement(&self, index: usize) -> Improvement {
        let feature = &self.features[index];
        let excluded = self.conflicts.iter().filter_map(|[one, other]| match feature {
            feature if feature == one => Some(other),
            feature if feature == other => Some(one),
            _ => None,
        });
        let conflicts = excluded.filter_map(|other| self.features.iter().position(|known| known == other)).map(id);
        Improvement {
            id: id(index),
            title: format!("Feature {feature}"),
            category: category(),
            priority: Priority::Medium,
            agents: vec![1],
            modules: vec!["Cargo.toml".to_owned()],
            claim: Claim {
                text: "no figure was promised".to_owned(),
                metric: self.workload.metric.clone(),
                better: self.workload.better,
                low: None,
                high: None,
            },
            phase: 1,
            feature: feature.clone(),
            needs: Vec::new(),
            conflicts: conflicts.collect(),
            variants: Some(Variants {
                baseline: format!("Built without `{feature}`."),
                optimized: format!("Built with `{feature}`."),
                seam: format!("the feature `{feature}` of {}", self.package),
                workload: self.workload.clone(),
                guards: self.guards.clone(),
                control: self.control.clone(),
                mechanism: None,
                references: vec!["Cargo.toml".to_owned()],
            }),
        }
    }
}

/// The letters of its ids.
const PREFIX: &str = "F";

fn id(index: usize) -> ImprovementId {
    ImprovementId(format!("{PREFIX}{:03}", index + 1))
}

fn category() -> Category {
    Category("Features".to_owned())
}
