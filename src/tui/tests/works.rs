//! Agents and Review: pictures, keys, and what is asked of the world.

use super::fixtures::{ago, id, idle, screen, typed};
use super::screens::{check, check_all, with};
use crate::agents::Stage;
use crate::agents::facts::{
    Assignment, AssignmentId, Attempt, AttemptId, Checked, Decision, Doing, Ended, Ending, Gate, Life, Passed, Review,
    Role, Said, Submission, SubmissionId, Worker,
};
use crate::agents::supervisor::Stream;
use crate::repository::{Fate, FilePatch, Foresight, LineKind, Patch, PatchLine};
use crate::tui::facts::{Activity, AgentNews, OutputLine, OutputNews, TrainFacts, Work};
use crate::tui::inbox::Cause;
use crate::tui::model::{Model, Overlay, Screen, Zoom};
use crate::tui::msg::{Effect, Msg};
use crate::tui::update::update;

fn life(number: i64, improvement: &str, agent: u32) -> Life {
    let assignment = Assignment {
        id: AssignmentId(number),
        at: ago(9_000),
        improvement: id(improvement),
        agent,
        branch: format!("agent{agent}/{}-{number}", improvement.to_lowercase()),
        base: "4f2c1a0b".repeat(5),
    };
    Life { assignment, attempts: Vec::new(), submissions: Vec::new(), withdrawn: None }
}

fn attempt(number: u32, ended: Option<(Ending, &str)>) -> Attempt {
    Attempt {
        id: AttemptId(i64::from(number)),
        number,
        at: ago(600),
        token: "token".to_owned(),
        workers: vec![Worker { role: Role::Supervisor, pid: 4_800, started_ticks: 7 }],
        said: Vec::new(),
        ended: ended.map(|(ending, reason)| Ended {
            at: ago(400),
            ending,
            reason: reason.to_owned(),
            exit_code: Some(0),
            output_bytes: 48_200,
            left_behind: 0,
            snapshot: None,
        }),
    }
}

/// A submission whose gates say so far; the last one refuses where there is a reason.
fn submission(number: i64, note: &str, passed: usize, refused: Option<&str>) -> Submission {
    let says = |gate: Gate| match gate {
        Gate::History => (Passed::Yes, "comes after its base"),
        Gate::Harness => (Passed::Yes, "nothing protected is changed"),
        Gate::Modules => (Passed::Yes, "2 files, all in its modules"),
        Gate::Size => (Passed::Yes, "129 lines of at most 800"),
        Gate::Build | Gate::Tests => (Passed::Yes, "with the feature and without"),
        Gate::Equivalence => (Passed::Yes, "the same answers; 1.0 commits per fdatasync off, 14.2 on"),
        Gate::Verdict => (Passed::Yes, "PROVEN: the lower bound +398 % lies above the required +10.0 %"),
        Gate::Guards => (Passed::Yes, "4 hold"),
        Gate::Baseline => (Passed::Yes, "+0.3 % [\u{2212}0.9, 1.4] against the base"),
        Gate::PrivateGuards => (Passed::NothingToCheck, "no `agents.private_guards`"),
    };
    let checked = |(place, gate): (usize, Gate)| {
        let (outcome, reason) = match refused {
            Some(reason) if place + 1 == passed => (Passed::No, reason),
            Some(_) | None => says(gate),
        };
        let experiment = (gate >= Gate::Build && outcome != Passed::NothingToCheck).then_some(31);
        Checked { at: ago(200), gate, outcome, reason: reason.to_owned(), experiment }
    };
    Submission {
        id: SubmissionId(number),
        at: ago(420),
        attempt: None,
        commit: format!("{number}e5d09c77aa1").repeat(3),
        note: note.to_owned(),
        checked: Gate::ALL.into_iter().take(passed).enumerate().map(checked).collect(),
        reviews: Vec::new(),
        merged: None,
    }
}

fn review(seconds: i64, decision: Decision, comment: &str) -> Review {
    Review { at: ago(seconds), decision, author: "mara".to_owned(), comment: comment.to_owned() }
}

/// One in review, two on the train, one refused, one at work that asks, one whose supervisor is gone.
pub(super) fn works() -> Vec<Work> {
    let done = || attempt(1, Some((Ending::Finished, "it ended by itself")));
    let mut lives = Vec::new();
    let mut t003 = life(1, "T003", 1);
    t003.attempts =
        vec![done(), Attempt { id: AttemptId(2), ..attempt(2, Some((Ending::Finished, "it ended by itself"))) }];
    let mut first = submission(1, "batches commits", 8, Some("the interval holds +10.0 %"));
    first.reviews = vec![review(500, Decision::SentBack, "one fdatasync for each batch, please")];
    t003.submissions = vec![first, submission(2, "one fdatasync for each batch of commits", 11, None)];
    t003.submissions[1].attempt = Some(AttemptId(2));
    lives.push((t003, Stage::Review, Some((118, 11))));
    let mut b001 = life(2, "B001", 3);
    b001.attempts = vec![done()];
    b001.submissions = vec![submission(3, "ghost lists sized as ARC says", 11, None)];
    b001.submissions[0].reviews = vec![review(90, Decision::Approved, "")];
    lives.push((b001, Stage::Approved, Some((240, 96))));
    let mut i002 = life(3, "I002", 9);
    i002.submissions = vec![submission(4, "", 11, None)];
    i002.submissions[0].reviews = vec![review(80, Decision::Approved, "well done")];
    lives.push((i002, Stage::Approved, Some((31, 4))));
    let mut t001 = life(4, "T001", 6);
    t001.attempts = vec![done()];
    t001.submissions = vec![submission(5, "", 3, Some("engine/src/select.rs is not agent 6's"))];
    lives.push((t001, Stage::Refused, Some((12, 2))));
    let mut m001 = life(5, "M001", 2);
    m001.attempts = vec![attempt(1, None)];
    m001.attempts[0].said =
        vec![Said { at: ago(30), state: Doing::NeedsInput, note: "may the slab keep empty pages?".to_owned() }];
    lives.push((m001, Stage::Working, Some((57, 3))));
    lives.into_iter().map(|(life, stage, size)| Work { life, stage, size }).collect()
}

/// Two files, one new.
pub(super) fn patch() -> Patch {
    let line = |kind, before, after, text: &str| PatchLine { kind, numbers: [before, after], text: text.to_owned() };
    let mut lines = vec![
        line(LineKind::File, None, None, "engine/src/transaction/wal/grouped.rs"),
        line(LineKind::Hunk, None, None, "@@ -0,0 +1,40 @@"),
    ];
    lines.extend((1..=40).map(|n| line(LineKind::Added, None, Some(n), &format!("    ring.reserve(batch[{n}])?;"))));
    let second = lines.len();
    lines.extend([
        line(LineKind::File, None, None, "engine/src/transaction/wal/mod.rs"),
        line(LineKind::Hunk, None, None, "@@ -12,5 +12,5 @@ impl Wal {"),
        line(LineKind::Same, Some(12), Some(12), "    pub fn commit(&self, record: &Record) -> Lsn {"),
        line(LineKind::Removed, Some(13), None, "        self.file.sync_data()?;"),
        line(LineKind::Added, None, Some(13), "        self.batch.wait_for(self.append(record))"),
        line(LineKind::Same, Some(14), Some(14), "    }"),
    ]);
    let file =
        |path: &str, fate, added, removed, first| FilePatch { path: path.to_owned(), fate, added, removed, first };
    Patch {
        files: vec![
            file("engine/src/transaction/wal/grouped.rs", Fate::Added, 40, 0, 0),
            file("engine/src/transaction/wal/mod.rs", Fate::Changed, 1, 1, second),
        ],
        lines,
        left_out: 0,
    }
}

fn train(commits: Vec<String>) -> TrainFacts {
    let foreseen = [
        Foresight::AsItIs,
        Foresight::Anew,
        Foresight::Conflicts(vec!["engine/src/transaction/wal/mod.rs".to_owned()]),
    ];
    TrainFacts { branch: "workbench/accepted".to_owned(), stops: commits.into_iter().zip(foreseen).collect() }
}

/// Answers what was asked for.
pub(super) fn answer(model: &mut Model, effects: &[Effect]) {
    for effect in effects {
        let msg = match effect {
            Effect::ReadPatch(key) => Msg::Patch(key.clone(), Ok(Box::new(patch()))),
            Effect::ForeseeTrain(commits) => Msg::Train(Ok(train(commits.clone()))),
            Effect::ReadOutput(key, 0) => Msg::Output(key.clone(), Ok(said(0..60))),
            _ => continue,
        };
        let effects = update(model, msg);
        assert!(effects.iter().all(|effect| !matches!(effect, Effect::ReadPatch(_))), "an answer asks again");
    }
}

fn said(lines: std::ops::Range<usize>) -> OutputNews {
    let line = |n: usize| {
        let (stream, text) = match n % 10 {
            0 => (Stream::Workbench, format!("note {n}")),
            7 => (Stream::Stderr, format!("warning: unused variable `batch{n}`")),
            _ => (
                Stream::Stdout,
                format!("line {n}: running the tests of the write-ahead log, {}", "and on ".repeat(n % 7)),
            ),
        };
        OutputLine { at: ago(60 - (n as i64).min(60)), stream, text }
    };
    OutputNews { next: 100 * lines.end as u64, lines: lines.map(line).collect(), skipped: 0 }
}

fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    let mut all = Vec::new();
    for symbol in keys.chars() {
        let effects = update(model, typed(symbol));
        answer(model, &effects);
        all.extend(effects);
    }
    all
}

/// Everybody at work, everything handed in.
pub(super) fn handed_in(width: u16, height: u16, ascii: bool) -> Model {
    let mut model = idle(width, height, ascii);
    update(&mut model, Msg::Work(works()));
    let heard = |agent, state: &str, active, asks, seconds, what: &str, source: &str| AgentNews {
        number: agent,
        status: Some(state.to_owned()),
        active,
        asks,
        last: Activity { at: ago(seconds), what: what.to_owned(), source: source.to_owned() },
    };
    let news = vec![heard(2, "Needs input", false, true, 30, "may the slab keep empty pages?", "agent")];
    update(&mut model, Msg::Agents(news));
    press(&mut model, "5");
    model
}

fn command(words: &[&str]) -> Effect {
    Effect::RunCommand(words.iter().map(|&word| word.to_owned()).collect())
}

#[test]
fn pictures() {
    check_all("review", handed_in);
    check_all("review-diff", |width, height, ascii| {
        let mut model = handed_in(width, height, ascii);
        press(&mut model, "\nGkk");
        press(&mut model, "cis the lock held here?\n");
        model
    });
    check("review-nothing-80x24", &with(idle(80, 24, false), "5"));
    check_all("agents-at-work", |width, height, ascii| with(handed_in(width, height, ascii), "4j"));
    check_all("agents-output", |width, height, ascii| {
        let mut model = handed_in(width, height, ascii);
        press(&mut model, "4j\n");
        model
    });
    check("assign-question-80x24", &with(handed_in(80, 24, false), "1jjA"));
    check("assign-agent-80x24", &with(handed_in(80, 24, false), "4a"));
    check("stop-agent-question-80x24", &with(handed_in(80, 24, false), "4jx"));
    check("approve-question-80x24", &with(handed_in(80, 24, false), "5a"));
    check("inbox-work-120x40", &with(handed_in(120, 40, false), "!"));
}

#[test]
fn what_waits_for_a_person_is_approved_or_sent_back_with_comments_on_lines() {
    let mut model = handed_in(120, 40, false);
    assert_eq!(model.shown_submission().unwrap().0.life.assignment.improvement, id("T003"));
    press(&mut model, "a");
    assert!(screen(&model).contains("$ workbench review T003 --approve"));
    assert_eq!(press(&mut model, "\n"), [], "cancel is chosen");
    assert_eq!(press(&mut model, "aa"), [command(&["review", "T003", "--approve"])]);
    assert_eq!(press(&mut model, "s\n"), [], "a comment has to say why");
    assert!(model.notice.as_ref().unwrap().is_error);
    press(&mut model, "c");
    assert!(model.notice.as_ref().unwrap().text.contains("Enter opens the diff"));
    press(&mut model, "\n");
    assert!(model.hears_diff());
    press(&mut model, "Gkkcis the lock held?\n");
    press(&mut model, "kcwhy not before?\n");
    assert!(screen(&model).contains("is the lock held?"), "{}", screen(&model));
    press(&mut model, "\x1b");
    assert_eq!(model.zoom, Zoom::Normal);
    let sent = press(&mut model, "snearly there\n");
    let file = "engine/src/transaction/wal/mod.rs";
    let why = format!("--send-back=nearly there\n{file}:12: why not before?\n{file}:13: is the lock held?");
    assert_eq!(sent, [command(&["review", "T003", &why])]);
    let mut after = works();
    after[0].stage = Stage::SentBack;
    update(&mut model, Msg::Work(after));
    assert_eq!(model.review.comments, [], "what was sent is not kept");
}

#[test]
fn what_a_gate_refused_cannot_be_approved_and_says_why() {
    let mut model = handed_in(120, 40, false);
    press(&mut model, "jjj");
    assert_eq!(model.shown_submission().unwrap().0.stage, Stage::Refused);
    assert_eq!(press(&mut model, "a"), []);
    assert_eq!(model.notice.as_ref().unwrap().text, "a: the gate modules refused it");
    assert!(screen(&model).contains("engine/src/select.rs is not agent"), "{}", screen(&model));
}

#[test]
fn the_train_stands_in_its_order_with_what_would_conflict() {
    let model = handed_in(120, 40, false);
    let shown = screen(&model);
    for words in ["1. lands", "2. retested", "3. conflicts", "it would conflict with workbench/accepted in"] {
        assert!(shown.contains(words), "{words} is not in\n{shown}");
    }
}

#[test]
fn files_of_a_diff_are_stepped_through() {
    let mut model = handed_in(120, 40, false);
    press(&mut model, "\nn");
    assert_eq!(model.review.diff.selected, 42);
    press(&mut model, "n");
    assert_eq!(model.notice.as_ref().unwrap().text, "this is the last file");
    press(&mut model, "N");
    assert_eq!(model.review.diff.selected, 0);
    assert_eq!(press(&mut model, "v\x1b"), [], "gates again, and back to the list");
}

#[test]
fn an_output_is_followed_until_a_person_moves() {
    let mut model = handed_in(120, 40, false);
    let effects = press(&mut model, "4j\n");
    let [Effect::ReadOutput(key, 0)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((key.assignment.improvement.clone(), key.attempt), (id("M001"), 1));
    assert!(screen(&model).contains("line 59"));
    let tick = |model: &mut Model| update(model, Msg::Tick(super::fixtures::now()));
    assert_eq!(tick(&mut model), [Effect::ReadOutput(key.clone(), 6_000)]);
    assert_eq!(tick(&mut model), [], "one reading at a time");
    update(&mut model, Msg::Output(key.clone(), Ok(said(60..90))));
    assert!(screen(&model).contains("line 89"), "it follows");
    press(&mut model, "kkkkk");
    update(&mut model, Msg::Output(key.clone(), Ok(said(90..120))));
    assert!(!screen(&model).contains("line 119"), "it stands still");
    press(&mut model, "/batch7`\n");
    assert!(screen(&model).contains("batch7`"), "{}", screen(&model));
    press(&mut model, "G");
    assert!(screen(&model).contains("line 119"), "it follows again");
    press(&mut model, "wt");
    assert!(screen(&model).contains("12:00:00") || screen(&model).contains("11:59"), "{}", screen(&model));
    press(&mut model, "f");
    assert_eq!(tick(&mut model), [], "frozen");
    press(&mut model, "f\x1b");
    assert_eq!((model.agents.output.is_none(), model.screen), (true, Screen::Agents));
}

#[test]
fn an_attempt_is_stopped_and_the_signals_are_shown_as_they_are_sent() {
    let mut model = handed_in(120, 40, false);
    assert_eq!(press(&mut model, "4x"), [], "agent 1 has nothing under way");
    assert_eq!(press(&mut model, "jx\n"), [], "cancel is chosen");
    let [Effect::StopAttempt(worker)] = press(&mut model, "xs")[..] else { panic!() };
    assert_eq!(worker.pid, 4_800);
    let last =
        Activity { at: ago(0), what: "TERM was sent to its process group".to_owned(), source: "supervisor".to_owned() };
    let news = AgentNews { number: 2, status: None, active: true, asks: false, last };
    update(&mut model, Msg::Agents(vec![news]));
    let shown = screen(&model);
    assert!(shown.contains("stopping: ✗ INT → ● TERM → · KILL"), "{shown}");
    assert_eq!(press(&mut model, "xt"), []);
    assert_eq!(press(&mut model, "B001 first\n"), [command(&["recall", "M001", "--reason=B001 first"])]);
}

#[test]
fn an_improvement_is_given_to_whom_the_queue_would_give_it() {
    let mut model = handed_in(120, 40, false);
    press(&mut model, "1jA");
    press(&mut model, "\x1bj");
    assert!(screen(&model).contains("in hand   agent 1, in review"), "{}", screen(&model));
    press(&mut model, "kA");
    let shown = screen(&model);
    assert!(shown.contains("Give T002") && shown.contains("the agent is busy with T003"), "{shown}");
    press(&mut model, "\x1b");
    let mut free = idle(120, 40, false);
    assert_eq!(press(&mut free, "jA\n"), [], "cancel is chosen");
    assert_eq!(press(&mut free, "A1"), [command(&["assign", "T002", "1"])]);
    assert_eq!(press(&mut free, "4a\n"), []);
    press(&mut free, "a");
    assert!(matches!(free.overlay, Some(Overlay::Dialog(_))));
    assert!(screen(&free).contains("T001"), "{}", screen(&free));
}

#[test]
fn the_inbox_leads_to_what_agents_wait_for() {
    let mut model = handed_in(120, 40, false);
    let causes: Vec<(Cause, &str)> =
        model.facts.waiting.iter().map(|waiting| (waiting.cause, waiting.subject.as_str())).take(5).collect();
    assert_eq!(
        causes,
        [
            (Cause::Asked, "Agent 2"),
            (Cause::Review, "T003"),
            (Cause::Refused, "T001"),
            (Cause::Approved, "B001"),
            (Cause::Approved, "I002")
        ]
    );
    press(&mut model, "1!jj\n");
    assert_eq!((model.screen, model.shown_submission().unwrap().0.stage), (Screen::Review, Stage::Refused));
}
