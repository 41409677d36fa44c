//! Configuration, roster and register, read together so that their mistakes are told together.

use std::collections::BTreeMap;

use schemars::{Schema, schema_for};

use crate::agents::{Agent, Roster};
use crate::config::Config;
use crate::improvements::plan::{Header, Parity, Phases, Protocol, Risks, SuccessMetrics};
use crate::improvements::{Improvement, Register};
use crate::project::Project;
use crate::yaml::Faults;

/// All that people wrote, without a mistake.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalog {
    /// What is optimized, and by which rules.
    pub config: Config,
    /// Who works.
    pub roster: Roster,
    /// What is claimed.
    pub register: Register,
}

impl Catalog {
    /// Reads the project's files. Needs no store.
    pub fn load(project: &Project) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let config = Config::load(project, &mut faults);
        let (roster, numbers) = Roster::load(project, &mut faults);
        let register = Register::load(project, &numbers, &mut faults);
        match (config, register) {
            (Some(config), Some(register)) if faults.is_empty() => Ok(Self { config, roster, register }),
            (_, _) => Err(faults.sorted()),
        }
    }
}

/// The JSON Schemas that editors use, by file name in `schemas/`.
pub fn schemas() -> BTreeMap<&'static str, Schema> {
    BTreeMap::from([
        ("workbench.schema.json", schema_for!(Config)),
        ("agent.schema.json", schema_for!(Agent)),
        ("improvement.schema.json", schema_for!(Improvement)),
        ("register.schema.json", schema_for!(Header)),
        ("phases.schema.json", schema_for!(Phases)),
        ("metrics.schema.json", schema_for!(SuccessMetrics)),
        ("risks.schema.json", schema_for!(Risks)),
        ("parity.schema.json", schema_for!(Parity)),
        ("protocol.schema.json", schema_for!(Protocol)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::assert_understood;

    #[test]
    fn every_schema_is_enforced_in_full() {
        for schema in schemas().values() {
            assert_understood(schema.as_value());
        }
    }

    #[test]
    fn the_bundled_register_says_what_its_source_says() {
        let project = Project::at(std::path::Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let Catalog { roster, register, .. } =
            Catalog::load(&project).unwrap_or_else(|faults| panic!("{:?}", miette::Report::new(faults)));
        assert_eq!((register.improvements.len(), roster.agents.len()), (33, 12));
        let members: Vec<usize> = register.phases.iter().map(|phase| phase.members.len()).collect();
        assert_eq!(members, [11, 7, 12, 3]);
        // The source states 48 of 70; its boxes say this.
        assert_eq!(register.parity.score(), (54, 80));
        assert_eq!(register.parity.groups.len(), 9);
        assert_eq!(register.risks.risks.len(), 7);
        let ids: Vec<&str> = register.improvements.iter().map(|entry| entry.id.0.as_str()).collect();
        assert_eq!((ids[0], ids[4], ids[32]), ("T001", "M001", "A002"));
        let measurable: Vec<&str> = register
            .improvements
            .iter()
            .filter(|entry| entry.measurable().is_ok())
            .map(|entry| entry.id.0.as_str())
            .collect();
        // What says how it is measured is what the engine can switch.
        let switches = include_str!("../engine/Cargo.toml").lines().find(|line| line.starts_with("all = ")).unwrap();
        let switches: Vec<_> = switches.split('"').skip(1).step_by(2).map(str::to_uppercase).collect();
        assert_eq!(measurable, switches);
    }
}
