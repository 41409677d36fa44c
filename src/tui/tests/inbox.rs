//! The inbox: what waits, when it stops to wait, and where it leads.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::fixtures::{ago, empty, id, idle, measuring, screen};
use super::screens::{check, check_all, with};
use crate::improvements::Status;
use crate::lab::experiment::{ExperimentId, Question};
use crate::tui::facts::{Activity, Ending, Row};
use crate::tui::inbox::{Cause, Place, waiting};
use crate::tui::model::{Model, Overlay, Screen};
use crate::tui::msg::{Effect, Msg};
use crate::tui::update::update;

fn causes(model: &Model) -> Vec<(Cause, &str)> {
    model.facts.waiting.iter().map(|waiting| (waiting.cause, waiting.subject.as_str())).collect()
}

fn row<'m>(model: &'m mut Model, name: &str) -> &'m mut Row {
    model.facts.rows.iter_mut().find(|row| row.entry.id == id(name)).unwrap()
}

fn key(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    update(model, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

#[test]
fn pictures() {
    check_all("inbox", |width, height, ascii| with(idle(width, height, ascii), "!j"));
    check("inbox-empty-80x24", &with(empty(80, 24, false), "!"));
}

#[test]
fn the_most_urgent_comes_first_and_is_counted_on_every_screen() {
    let mut model = idle(120, 40, false);
    assert_eq!(causes(&model), [(Cause::Stopped, "T003"), (Cause::Forced, "A001"), (Cause::Rejected, "B001")]);
    for shown in Screen::ALL {
        model.screen = shown;
        assert!(screen(&model).contains("3 need you"), "{shown:?}");
    }
    assert!(!screen(&with(empty(80, 24, false), "")).contains("need"));
}

#[test]
fn what_was_answered_waits_no_more() {
    let mut model = idle(120, 40, false);
    row(&mut model, "B001").progress.said_at = Some(ago(10));
    row(&mut model, "A001").progress.forced = false;
    let mut again = model.facts.past[0].clone();
    (again.id, again.end) = (ExperimentId(20), Ending::Ruled(crate::lab::experiment::Verdict::Proven));
    model.facts.past.insert(0, again);
    assert_eq!(waiting(&model.facts), [], "somebody spoke, evidence came, it was measured again");
    let mut given_up = idle(120, 40, false);
    row(&mut given_up, "T003").progress.status = Status::Cancelled;
    row(&mut given_up, "B001").progress.status = Status::Cancelled;
    let left: Vec<Cause> = waiting(&given_up.facts).iter().map(|waiting| waiting.cause).collect();
    assert_eq!(left, [Cause::Forced]);
}

#[test]
fn an_experiment_that_runs_again_does_not_wait() {
    let model = measuring(120, 40, false, 2);
    assert!(waiting(&model.facts).iter().all(|waiting| waiting.cause != Cause::Stopped));
}

#[test]
fn agents_stale_figures_and_what_is_free_again_are_told() {
    let mut model = idle(120, 40, false);
    model.facts.agents[1].asks = true;
    model.facts.agents[1].last =
        Some(Activity { at: ago(60), what: "which allocator?".to_owned(), source: "agent".to_owned() });
    row(&mut model, "I002").progress.measured.as_mut().unwrap().stale = true;
    row(&mut model, "B002").entry.needs = vec![id("I002")];
    let found = waiting(&model.facts);
    let told = |cause| found.iter().find(|waiting| waiting.cause == cause).unwrap();
    assert_eq!(
        (told(Cause::Asked).place.clone(), told(Cause::Asked).reason.as_str()),
        (Place::Agent(2), "which allocator?")
    );
    assert_eq!(told(Cause::Stale).command, "workbench apply I002");
    assert_eq!(told(Cause::Unblocked).command, "workbench status B002 planned");
    assert_eq!(told(Cause::Forced).command, "workbench status A001 planned", "there is nothing to measure");
    row(&mut model, "B002").entry.needs = vec![id("I002"), id("T001")];
    assert!(waiting(&model.facts).iter().all(|waiting| waiting.cause != Cause::Unblocked), "T001 is not accepted");
}

#[test]
fn a_register_that_cannot_be_read_waits_until_it_can() {
    let mut model = idle(120, 40, false);
    let report = "register::unknown_key\n\n  × unknown key `claims`\n";
    update(&mut model, Msg::Register(Err(report.to_owned())));
    assert_eq!(model.facts.waiting[0].cause, Cause::Unreadable);
    assert_eq!(model.facts.waiting[0].reason, "× unknown key `claims`");
}

#[test]
fn entries_lead_to_their_places_and_their_commands_are_copied() {
    let mut model = with(idle(120, 40, false), "!");
    assert_eq!(key(&mut model, KeyCode::Char('y')), [Effect::Copy("workbench apply T003 --resume".to_owned())]);
    assert!(matches!(model.overlay, Some(Overlay::Inbox(0))), "it stays open");
    assert_eq!(key(&mut model, KeyCode::Enter), [Effect::OpenExperiment(ExperimentId(13))]);
    assert_eq!((model.screen, model.overlay.is_none()), (Screen::Lab, true));
    assert_eq!(model.facts.past[model.lab.list.selected].question, Question::AddOneIn(id("T003")));
    let mut model = with(idle(120, 40, false), "4!jj\n");
    assert_eq!((model.screen, model.selected_row().unwrap().entry.id.0.as_str()), (Screen::Register, "B001"));
    key(&mut model, KeyCode::Char('!'));
    assert_eq!(key(&mut model, KeyCode::Char('!')), []);
    assert_eq!(model.overlay, None, "the key that opens it closes it");
    let mut nothing = with(empty(80, 24, false), "!\n");
    assert_eq!(key(&mut nothing, KeyCode::Char('y')), []);
}
