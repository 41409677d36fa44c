//! The brief: all that an agent is told, as a file.
//!
//! Text in which `{word}` stands for a fact: `agents/brief.md` of the project, or else the bundled one. What is not among the words stays
//! as it is. Private guards are not among the facts that a brief is made from, and where one has refused a submission the brief says no more
//! than that ([`told`]): who knows which workloads are looked at makes only those fast.

use std::fmt::Write;

use super::facts::{Assignment, Checked, Gate, Life, Passed, Submission};
use super::roster::Agent;
use super::supervisor::Allowed;
use crate::improvements::{Improvement, Trial, with_params};

/// The bundled text.
const TEMPLATE: &str = include_str!("../../agents/brief.md");

/// What agents are told of a private guard that refused.
pub const NOT_NAMED: &str = "a workload that is not named here has lost";

/// The facts of a brief.
#[derive(Debug)]
pub struct Brief<'a> {
    /// What is to be improved.
    pub improvement: &'a Improvement,
    /// By whom.
    pub agent: &'a Agent,
    /// All that happened before.
    pub life: &'a Life,
    /// The how-many-eth attempt it is for, and how many there may be.
    pub attempt: [u32; 2],
    /// What it may take.
    pub allowed: Allowed,
    /// Changed lines that may be handed in.
    pub diff_lines: u32,
    /// Where the time goes, in words; absent while nothing was profiled.
    pub profile: Option<String>,
    /// What people have noted about the improvement, the oldest first.
    pub notes: Vec<String>,
    /// Files that nobody may change, as globs.
    pub protected: &'a [String],
}

impl Brief<'_> {
    /// The brief, from the project's own text or the bundled one.
    pub fn render(&self, template: Option<&str>) -> String {
        let mut text = String::new();
        let mut rest = template.unwrap_or(TEMPLATE);
        while let Some(open) = rest.find('{') {
            let (before, from) = rest.split_at(open);
            text += before;
            let word = from[1..].split_once('}').map(|(word, _)| word);
            match word.and_then(|word| self.fact(word)) {
                Some(fact) => {
                    text += &fact;
                    rest = &from[word.map_or(0, str::len) + 2..];
                }
                None => {
                    text.push('{');
                    rest = &from[1..];
                }
            }
        }
        text + rest
    }

    fn fact(&self, word: &str) -> Option<String> {
        let Self { improvement, agent, life, attempt, allowed, .. } = self;
        let Assignment { id, branch, base, .. } = &life.assignment;
        Some(match word {
            "id" => improvement.id.to_string(),
            "title" => improvement.title.clone(),
            "category" => improvement.category.to_string(),
            "agent" => agent.name.clone(),
            "number" => agent.number.to_string(),
            "specialization" => agent.specialization.clone(),
            "attempt" => attempt[0].to_string(),
            "attempts" => attempt[1].to_string(),
            "assignment" => id.to_string(),
            "branch" => branch.clone(),
            "base" => format!("{base:.12}"),
            "claim" => format!("> {}\n\nof {}.", improvement.claim.text, improvement.claim.metric),
            "seam" => self.seam(),
            "workloads" => self.workloads(),
            "gates" => gates(),
            "profile" => self.profile.clone().unwrap_or_else(|| "Nothing has been profiled yet.".to_owned()),
            "notes" => self.notes(),
            "earlier" => self.earlier(),
            "modules" => self.modules(),
            "minutes" => format!("{:.0} minutes", (allowed.time.as_secs_f64() / 60.0).max(1.0)),
            "output" => format!("{} MB", allowed.output_bytes.div_ceil(1 << 20)),
            "lines" => self.diff_lines.to_string(),
            _ => return None,
        })
    }

    fn notes(&self) -> String {
        if self.notes.is_empty() {
            return "Nobody has noted anything.".to_owned();
        }
        let lines: Vec<String> = self.notes.iter().map(|note| format!("- {}", note.replace('\n', "\n  "))).collect();
        lines.join("\n")
    }

    fn seam(&self) -> String {
        let Some(variants) = &self.improvement.variants else {
            return format!(
                "There is none yet: build both variants behind the feature `{}`, in {}.",
                self.improvement.feature,
                self.improvement.modules.join(", ")
            );
        };
        let references: String = variants.references.iter().map(|source| format!("\n- {source}")).collect();
        format!(
            "`{}`, switched by the feature `{}`.\n\nOff: {}\n\nOn: {}\n\nReferences:\n{references}",
            variants.seam, self.improvement.feature, variants.baseline, variants.optimized
        )
    }

    fn workloads(&self) -> String {
        let Some(variants) = &self.improvement.variants else {
            return "There is no workload yet: describe `variants` to the orchestrator.".to_owned();
        };
        let line = |role: &str, trial: &Trial| {
            let name = with_params(&trial.workload, &trial.params);
            format!("- {role}: `{name}`, {}\n", trial.better.beside(&trial.metric))
        };
        let mut text = line("must gain", &variants.workload);
        text.extend(variants.guards.iter().map(|guard| line("must not lose", guard)));
        text.extend(variants.control.iter().map(|control| line("must not move", control)));
        if let Some(mechanism) = &variants.mechanism {
            let bounds = |bounds: crate::improvements::Bounds| bounds.told(|value| value.to_string());
            let _ = writeln!(
                text,
                "- the mechanism: {} must be {} with the feature, {} without",
                mechanism.figure,
                bounds(mechanism.on),
                bounds(mechanism.off)
            );
        }
        text + "\nThere may be workloads besides that are not named here; they must not lose either."
    }

    fn earlier(&self) -> String {
        let mut text = String::new();
        for attempt in &self.life.attempts {
            let Some(ended) = &attempt.ended else { continue };
            let _ = writeln!(text, "- Attempt {}: {}.", attempt.number, ended.reason);
            if let Some(commit) = &ended.snapshot {
                let _ = writeln!(text, "  What it had not committed is in `{commit:.12}`.");
            }
        }
        for submission in &self.life.submissions {
            text += &of_submission(submission);
        }
        if text.is_empty() { "None: this is the first.".to_owned() } else { text.trim_end().to_owned() }
    }

    fn modules(&self) -> String {
        let list = |globs: &[String]| globs.iter().map(|glob| format!("- `{glob}`\n")).collect::<String>();
        let protected = match self.protected {
            [] => String::new(),
            some => format!("\nNever, whatever else is said:\n\n{}", list(some)),
        };
        format!("{}{protected}", list(&self.agent.modules)).trim_end().to_owned()
    }
}

/// What a gate found, as far as agents are told.
pub fn told(found: &Checked) -> &str {
    told_of(found.gate, found.outcome, &found.reason)
}

/// The same of an answer that is no fact of a submission.
pub fn told_of(gate: Gate, outcome: Passed, reason: &str) -> &str {
    let private = gate == Gate::PrivateGuards && outcome == Passed::No;
    if private { NOT_NAMED } else { reason }
}

fn of_submission(submission: &Submission) -> String {
    let mut text = format!("- Handed in `{:.12}`", submission.commit);
    match submission.refused() {
        Some(found) => {
            let _ = writeln!(text, ", refused by the gate `{}`:", found.gate);
            text.extend(told(found).lines().map(|line| format!("  > {line}\n")));
        }
        None => text += ".\n",
    }
    for review in &submission.reviews {
        let _ = writeln!(text, "  {} says: {}", review.author, review.comment);
    }
    text
}

fn gates() -> String {
    let said = Gate::ALL.map(|gate| {
        let what = match gate {
            Gate::History => "your commits come after the base, and change something",
            Gate::Harness => "what measures and what checks is as it was",
            Gate::Modules => "only your own modules are changed",
            Gate::Size => "not more lines are changed than you may",
            Gate::Build => "it builds with the feature and without",
            Gate::Tests => "the tests pass with the feature and without",
            Gate::Equivalence => "both give the same, right answers, and the mechanism fires in one of them",
            Gate::Verdict => "the gain, measured in pairs until it is settled",
            Gate::Guards => "nothing that is named above has lost",
            Gate::Baseline => "without the feature it is no slower than it was",
            Gate::PrivateGuards => "nothing else has lost",
        };
        format!("1. {gate}: {what}\n")
    });
    format!("The gates, in this order:\n\n{}1. review: a person reads it", said.concat())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::agents::facts::{AssignmentId, Passed, SubmissionId};
    use crate::catalog::Catalog;
    use crate::project::Project;

    fn brief(template: Option<&str>, gate: Gate) -> String {
        let project = Project::at(std::path::Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let catalog = Catalog::load(&project).unwrap_or_else(|faults| panic!("{:?}", miette::Report::new(faults)));
        let improvement = catalog.register.get("T003").unwrap();
        let checked = Checked {
            at: Timestamp::UNIX_EPOCH,
            gate,
            outcome: Passed::No,
            reason: "tps of secret-scan fell by 20 %".to_owned(),
            experiment: None,
        };
        let submission = Submission {
            id: SubmissionId(1),
            at: Timestamp::UNIX_EPOCH,
            attempt: None,
            commit: "0123456789abcdef".to_owned(),
            note: String::new(),
            checked: vec![checked],
            reviews: Vec::new(),
            merged: None,
        };
        let assignment = Assignment {
            id: AssignmentId(5),
            at: Timestamp::UNIX_EPOCH,
            improvement: improvement.id.clone(),
            agent: 1,
            branch: "agent1/t003-5".to_owned(),
            base: "fedcba9876543210".to_owned(),
        };
        let life = Life { assignment, attempts: Vec::new(), submissions: vec![submission], withdrawn: None };
        let allowed = Allowed {
            time: Duration::from_secs(7200),
            output_bytes: 64 << 20,
            disk_bytes: 1 << 34,
            grace: Duration::from_secs(2),
        };
        Brief {
            improvement,
            agent: catalog.roster.get(1).unwrap(),
            life: &life,
            attempt: [2, 3],
            allowed,
            diff_lines: 2000,
            profile: None,
            notes: vec!["mind the ring's size".to_owned()],
            protected: &["probe/**".to_owned()],
        }
        .render(template)
    }

    #[test]
    fn the_bundled_brief() {
        insta::assert_snapshot!(brief(None, Gate::Verdict));
    }

    #[test]
    fn a_private_guard_is_never_named() {
        let text = brief(None, Gate::PrivateGuards);
        assert!(text.contains("a workload that is not named here has lost"), "{text}");
        assert!(!text.contains("secret"), "{text}");
        assert!(brief(None, Gate::Guards).contains("secret-scan"), "a named one is");
    }

    #[test]
    fn a_projects_own_text_keeps_what_is_no_word() {
        let text = brief(Some("{id} {json: {\"a\": 1}} {nothing} {branch}{"), Gate::Verdict);
        assert_eq!(text, "T003 {json: {\"a\": 1}} {nothing} agent1/t003-5{");
    }
}
