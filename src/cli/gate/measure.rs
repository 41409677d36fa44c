//! The gates that build and measure, asked of the lab: one experiment on the commit answers five of them.

use std::fs;

use jiff::Timestamp;
use miette::Diagnostic;
use serde::Deserialize;
use thiserror::Error;

use super::Gates;
use crate::agents::facts::{Checked, Gate, Life, Passed};
use crate::cli::apply::{fresh_seed, known};
use crate::cli::progress::Progress;
use crate::cli::wait::{failure, interrupted_by_signals};
use crate::cli::work::Work;
use crate::cli::{Context, Exit, Failure, OrExit};
use crate::improvements::{Improvement, Trial};
use crate::lab::LabError;
use crate::lab::apply::{Conclusion, Job, Planned};
use crate::lab::experiment::{Outcome, Ruling, Verdict};
use crate::lab::journal::{Event, Stage};
use crate::lab::plan::{Inquiry, NoiseLedger};
use crate::machine::Patience;
use crate::tracking::Store;

/// The file of private guards cannot be used.
#[derive(Debug, Error, Diagnostic)]
#[error("the private guards cannot be read from {file}: {what}")]
#[diagnostic(
    code(gate::private_guards),
    help(
        "`agents.private_guards` names a file with a list: `- {{workload: NAME, metric: NAME}}`; keep it out of the repository"
    )
)]
struct Unreadable {
    file: String,
    what: String,
}

/// An answer before it is written down.
pub(in crate::cli) type Answer = (Gate, Passed, String);

/// What is to be measured, and who wants to know.
pub(in crate::cli) struct Question<'a> {
    pub(in crate::cli) context: &'a Context,
    pub(in crate::cli) work: &'a Work,
    pub(in crate::cli) life: &'a Life,
    /// The sources: a commit that was handed in, or one that is about to land.
    pub(in crate::cli) commit: &'a str,
    pub(in crate::cli) store: &'a Store,
    pub(in crate::cli) patience: Patience,
}

impl Question<'_> {
    /// All that the lab can say of the commit, up to the first gate that refuses.
    pub(in crate::cli) async fn ask(&self) -> Result<Vec<Answer>, Failure> {
        let (improvement, _) = self.work.who(self.life)?;
        let (stack, noise) = known(self.context, &self.work.catalog.register, improvement, false).await?;
        let (mut answers, _) = measured(self, improvement, &stack, noise.clone()).await?;
        if answers.iter().all(|(_, outcome, _)| *outcome != Passed::No) {
            answers.push(private(self, improvement, &stack, noise).await?.0);
        }
        Ok(answers)
    }
}

/// Asks the gates that have yet to say something.
pub(super) async fn run(gates: &Gates<'_>, patience: Patience) -> Result<(), Failure> {
    let (improvement, _) = gates.work.who(gates.life)?;
    if let Err(error) = improvement.measurable() {
        return write(gates, &[(Gate::Build, Passed::No, error.to_string())], None).await;
    }
    // The stack as it is; what is needed was accepted when the assignment began.
    let (stack, noise) = known(gates.context, &gates.work.catalog.register, improvement, false).await?;
    let Gates { context, work, life, submission, store } = gates;
    let question = Question { context, work, life, commit: &submission.commit, store, patience };
    let yet = [Gate::Build, Gate::Tests, Gate::Equivalence, Gate::Verdict, Gate::Guards];
    if yet.into_iter().any(|gate| gates.has_yet_to_say(gate)) {
        let (answers, experiment) = measured(&question, improvement, &stack, noise.clone()).await?;
        write(gates, &answers, experiment).await?;
        if answers.iter().any(|(_, outcome, _)| *outcome == Passed::No) {
            return Ok(());
        }
    }
    if gates.has_yet_to_say(Gate::Baseline) {
        let (answer, experiment) = baseline(&question, improvement, &stack, noise.clone()).await?;
        let refused = answer.1 == Passed::No;
        write(gates, &[answer], experiment).await?;
        if refused {
            return Ok(());
        }
    }
    let (answer, experiment) = private(&question, improvement, &stack, noise).await?;
    write(gates, &[answer], experiment).await
}

async fn write(gates: &Gates<'_>, answers: &[Answer], experiment: Option<i64>) -> Result<(), Failure> {
    for (gate, outcome, reason) in answers.iter().filter(|(gate, _, _)| gates.has_yet_to_say(*gate)) {
        let (gate, outcome, reason, at) = (*gate, *outcome, reason.clone(), Timestamp::now());
        gates.write(&Checked { at, gate, outcome, reason, experiment }).await?;
    }
    Ok(())
}

/// The improvement off and on, on the commit.
async fn measured(
    question: &Question<'_>,
    improvement: &Improvement,
    stack: &[String],
    noise: NoiseLedger,
) -> Result<(Vec<Answer>, Option<i64>), Failure> {
    let variants = improvement.measurable().or_exit(Exit::NotPassed)?;
    let inquiry = Inquiry::handed_in(improvement, variants, stack, question.commit);
    let mut stage = None;
    match experiment(question, inquiry, noise, &mut stage).await {
        Ok(done) => {
            let experiment = Some(done.experiment.0);
            Ok((answers(&done.ruling, stage), experiment))
        }
        Err(LabError::BuildFailed { side, features, output, .. }) => {
            let reason = format!("arm {side} does not build ({features})\n{output}");
            Ok((vec![(Gate::Build, Passed::No, reason)], None))
        }
        Err(error @ (LabError::NoDriver { .. } | LabError::Target { .. })) => {
            Ok((vec![(Gate::Build, Passed::No, error.to_string())], None))
        }
        Err(error @ LabError::TooLong { key: "lab.build_limit_s", .. }) => {
            Ok((vec![(Gate::Build, Passed::No, error.to_string())], None))
        }
        Err(error @ LabError::TooLong { .. }) => {
            let built = (Gate::Build, Passed::Yes, "both states build".to_owned());
            Ok((vec![built, (Gate::Tests, Passed::No, error.to_string())], None))
        }
        Err(error) => Err(failure(error)),
    }
}

/// What the ruling says to each gate, up to the first that refuses.
fn answers(ruling: &Ruling, stage: Option<Stage>) -> Vec<Answer> {
    let yes = |gate, reason: &str| (gate, Passed::Yes, reason.to_owned());
    let no = |gate| (gate, Passed::No, ruling.reason.clone());
    let mut answers = vec![yes(Gate::Build, "both states build")];
    let broken = ruling.verdict == Verdict::Broken;
    if broken && matches!(stage, None | Some(Stage::Lease | Stage::Build | Stage::Test)) {
        answers.push(no(Gate::Tests));
        return answers;
    }
    answers.push(yes(Gate::Tests, "the tests pass in both states"));
    if broken {
        answers.push(no(Gate::Equivalence));
        return answers;
    }
    answers.push(yes(Gate::Equivalence, "both states give the same answers in every pair"));
    let lost = |outcome: &Outcome| matches!(outcome, Outcome::Regressed | Outcome::Moved);
    let by_others = ruling.outcomes.iter().skip(1).any(lost);
    if !ruling.passed && !by_others {
        answers.push(no(Gate::Verdict));
        return answers;
    }
    answers.push((Gate::Verdict, Passed::Yes, format!("{}: {}", ruling.verdict, ruling.reason)));
    answers.push(if ruling.passed { yes(Gate::Guards, "guards and control hold") } else { no(Gate::Guards) });
    answers
}

/// The state without the feature before and after: B may not be worse by more than the margin.
async fn baseline(
    question: &Question<'_>,
    improvement: &Improvement,
    stack: &[String],
    noise: NoiseLedger,
) -> Result<(Answer, Option<i64>), Failure> {
    let variants = improvement.measurable().or_exit(Exit::NotPassed)?;
    let without = without(improvement, stack);
    let places = [question.life.assignment.base.clone(), question.commit.to_owned()];
    let inquiry = Inquiry { places, ..Inquiry::compare([without.clone(), without], [&variants.workload]) };
    match experiment(question, inquiry, noise, &mut None).await {
        Err(LabError::SameArms) => {
            let reason = "what it is built from is as it was".to_owned();
            Ok(((Gate::Baseline, Passed::NothingToCheck, reason), None))
        }
        done => compared(Gate::Baseline, done),
    }
}

/// The private guards, off against on: B may not be worse by more than the margin.
async fn private(
    question: &Question<'_>,
    improvement: &Improvement,
    stack: &[String],
    noise: NoiseLedger,
) -> Result<(Answer, Option<i64>), Failure> {
    let trials = private_guards(question)?;
    if trials.is_empty() {
        let reason = "`agents.private_guards` names none".to_owned();
        return Ok(((Gate::PrivateGuards, Passed::NothingToCheck, reason), None));
    }
    let without = without(improvement, stack);
    let with = [without.as_slice(), std::slice::from_ref(&improvement.feature)].concat();
    let places = [question.commit.to_owned(), question.commit.to_owned()];
    let inquiry = Inquiry { places, ..Inquiry::compare([without, with], &trials) };
    compared(Gate::PrivateGuards, experiment(question, inquiry, noise, &mut None).await)
}

fn compared(gate: Gate, done: Result<Conclusion, LabError>) -> Result<(Answer, Option<i64>), Failure> {
    let done = done.map_err(failure)?;
    let outcome = if done.ruling.passed { Passed::Yes } else { Passed::No };
    Ok(((gate, outcome, done.ruling.reason), Some(done.experiment.0)))
}

fn without(improvement: &Improvement, stack: &[String]) -> Vec<String> {
    stack.iter().filter(|feature| **feature != improvement.feature).cloned().collect()
}

fn private_guards(question: &Question<'_>) -> Result<Vec<Trial>, Failure> {
    #[derive(Deserialize)]
    struct Guards(Vec<Trial>);
    let Some(file) = &question.work.catalog.config.agents.private_guards else { return Ok(Vec::new()) };
    let unreadable = |what: String| Failure::from(Unreadable { file: file.clone(), what });
    let text = fs::read_to_string(question.context.project.root().join(file))
        .map_err(|error| unreadable(error.to_string()))?;
    let Guards(trials) = serde_yaml::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
    Ok(trials)
}

/// One experiment of the gates. `stage` is how far it got.
async fn experiment(
    question: &Question<'_>,
    inquiry: Inquiry<'_>,
    noise: NoiseLedger,
    stage: &mut Option<Stage>,
) -> Result<Conclusion, LabError> {
    let Question { context, work, patience, .. } = *question;
    let asked = Asked { context, work, inquiry, noise, patience, thorough: true };
    let planned = asked.job().plan().await?;
    Asked::run(planned, question.store.clone().crediting(&[question.life.assignment.agent]), stage).await
}

/// An experiment that is part of something larger. One that was interrupted goes on.
pub(in crate::cli) struct Asked<'a> {
    pub(in crate::cli) context: &'a Context,
    pub(in crate::cli) work: &'a Work,
    pub(in crate::cli) inquiry: Inquiry<'a>,
    pub(in crate::cli) noise: NoiseLedger,
    pub(in crate::cli) patience: Patience,
    /// With the target's tests before and profiles after.
    pub(in crate::cli) thorough: bool,
}

impl<'a> Asked<'a> {
    pub(in crate::cli) fn job(self) -> Job<'a> {
        Job {
            project: &self.context.project,
            config: &self.work.catalog.config,
            inquiry: self.inquiry,
            noise: self.noise,
            pair_limit: None,
            resume: true,
            patience: self.patience,
            test: self.thorough,
            profile: self.thorough,
            seed: fresh_seed(),
        }
    }

    /// Runs it, told as it goes. `stage` is how far it got.
    pub(in crate::cli) async fn run(
        planned: Planned<'_>,
        mut store: Store,
        stage: &mut Option<Stage>,
    ) -> Result<Conclusion, LabError> {
        let mut progress = Progress::new(&planned.plan);
        let interrupt = interrupted_by_signals().map_err(|error| LabError::Journal(error.to_string()))?;
        let mut observe = |event: &Event| {
            if let Event::Stage { stage: now, .. } = event
                && *now != Stage::Conclude
            {
                *stage = Some(*now);
            }
            progress.observe(event);
        };
        let concluded = planned.run(&mut store, &mut observe, interrupt).await;
        progress.end();
        concluded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ruling(verdict: Verdict, passed: bool, outcomes: &[Outcome]) -> Ruling {
        Ruling {
            verdict,
            reason: "because".to_owned(),
            passed,
            decision: Vec::new(),
            outcomes: outcomes.to_vec(),
            confirmation: None,
            mechanism: None,
            rule_version: 1,
        }
    }

    fn refuses(ruling: &Ruling, stage: Stage) -> Option<Gate> {
        answers(ruling, Some(stage)).iter().find(|(_, outcome, _)| *outcome == Passed::No).map(|(gate, _, _)| *gate)
    }

    #[test]
    fn each_ruling_is_refused_by_the_gate_that_it_is_about() {
        use Outcome::{Gain, Moved, NonInferior, Regressed, Still, TooLittle};
        let fine = [Gain, NonInferior, Still];
        let table = [
            (Verdict::Proven, true, &fine[..], Stage::Conclude, None),
            (Verdict::Broken, false, &[][..], Stage::Test, Some(Gate::Tests)),
            (Verdict::Broken, false, &fine[..], Stage::Measure, Some(Gate::Equivalence)),
            (Verdict::Rejected, false, &[TooLittle, NonInferior, Still][..], Stage::Conclude, Some(Gate::Verdict)),
            (Verdict::Inconclusive, false, &[Outcome::Open, Outcome::Open][..], Stage::Conclude, Some(Gate::Verdict)),
            (Verdict::Rejected, false, &[Gain, Regressed, Still][..], Stage::Conclude, Some(Gate::Guards)),
            (Verdict::Rejected, false, &[Gain, NonInferior, Moved][..], Stage::Conclude, Some(Gate::Guards)),
        ];
        for (verdict, passed, outcomes, stage, gate) in table {
            assert_eq!(refuses(&ruling(verdict, passed, outcomes), stage), gate, "{verdict} {outcomes:?}");
        }
        let all = answers(&ruling(Verdict::Proven, true, &fine), Some(Stage::Conclude));
        assert_eq!(all.len(), 5, "{all:?}");
    }
}
