//! Scripts: keys in, state and effects out.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use jiff::SignedDuration;

use super::fixtures::{ago, events, experiment, id, idle, measuring, now, screen};
use crate::lab::experiment::ExperimentId;
use crate::tracking::Note;
use crate::tui::facts::LogLine;
use crate::tui::model::{Model, Overlay, Screen, Zoom};
use crate::tui::msg::{Effect, Msg};
use crate::tui::update::update;

const NAMED: [(&str, KeyCode); 5] = [
    ("<Enter>", KeyCode::Enter),
    ("<Esc>", KeyCode::Esc),
    ("<Tab>", KeyCode::Tab),
    ("<Left>", KeyCode::Left),
    ("<Down>", KeyCode::Down),
];

/// Presses keys: `^x` is Control and x, `<Enter>` a named key, anything else itself.
fn press(model: &mut Model, script: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut rest = script;
    while let Some(symbol) = rest.chars().next() {
        let named = NAMED.iter().find(|(name, _)| rest.starts_with(name));
        let (code, modifiers, used) = match (named, symbol) {
            (Some((name, code)), _) => (*code, KeyModifiers::NONE, name.len()),
            (None, '^') => (KeyCode::Char(rest.chars().nth(1).unwrap()), KeyModifiers::CONTROL, 2),
            (None, symbol) => (KeyCode::Char(symbol), KeyModifiers::NONE, symbol.len_utf8()),
        };
        effects.extend(update(model, Msg::Key(KeyEvent::new(code, modifiers))));
        rest = &rest[used..];
    }
    effects
}

fn selected(model: &Model) -> &str {
    model.selected_row().map_or("nothing", |row| row.entry.id.0.as_str())
}

fn shown(model: &Model) -> Vec<&str> {
    model.register.visible.iter().map(|index| model.facts.rows[*index].entry.id.0.as_str()).collect()
}

#[test]
fn the_filter_understands_its_words() {
    for (filter, expected) in [
        ("status:blocked", vec!["B002"]),
        ("status:inprogress", vec!["B001"]),
        ("agent:6", vec!["T002", "T004", "B002"]),
        ("agent:6 phase:2", vec!["T004"]),
        ("category:index", vec!["I002"]),
        ("verdict:proven", vec!["I002"]),
        ("gain>10", vec!["I002"]),
        ("gain<=2.1%", vec!["B001"]),
        ("group COMMIT", vec!["T003"]),
        ("-phase:1 -agent:6 -status:complete", vec!["Q003", "SE002"]),
        ("verdict:none category:buffer", vec!["B002"]),
        ("priority:medium status:complete", vec!["A001"]),
    ] {
        let mut model = idle(120, 40, false);
        press(&mut model, &format!("/{filter}<Enter>"));
        assert_eq!(shown(&model), expected, "{filter}");
        assert_eq!(model.register.filter.trouble, None, "{filter}");
    }
}

#[test]
fn a_mistake_in_the_filter_is_named_and_the_rest_still_filters() {
    let mut model = idle(120, 40, false);
    press(&mut model, "/statsu:x agent:6");
    assert_eq!(shown(&model), ["T002", "T004", "B002"]);
    assert_eq!(model.register.filter.trouble.as_deref(), Some("no column statsu: did you mean status?"));
    press(&mut model, "^u/agent:six");
    assert!(model.register.filter.trouble.is_some());
    press(&mut model, "<Esc>");
    assert_eq!(shown(&model).len(), 11);
}

#[test]
fn the_selection_stays_on_its_improvement_when_rows_move() {
    let mut model = idle(120, 40, false);
    press(&mut model, "jj");
    assert_eq!(selected(&model), "T003");
    press(&mut model, "o");
    assert_eq!(selected(&model), "T003", "sorted by id");
    press(&mut model, "O/t00");
    assert_eq!((selected(&model), shown(&model)), ("T003", vec!["T004", "T003", "T002", "T001"]));
}

#[test]
fn sorting_by_measurement_puts_the_unmeasured_last_either_way() {
    let mut model = idle(120, 40, false);
    press(&mut model, "ooooooo");
    assert_eq!(shown(&model)[..2], ["I002", "B001"]);
    press(&mut model, "O");
    assert_eq!(shown(&model)[..2], ["B001", "I002"]);
}

#[test]
fn an_apply_is_asked_for_and_no_is_the_default() {
    let mut model = idle(120, 40, false);
    press(&mut model, "jja");
    assert!(screen(&model).contains("$ workbench apply T003"));
    assert_eq!(press(&mut model, "<Enter>"), [], "the chosen answer changes nothing");
    assert_eq!(model.overlay, None);
    assert_eq!(press(&mut model, "a<Left><Enter>"), [Effect::StartApply(id("T003"))]);
    assert_eq!(press(&mut model, "as"), [Effect::StartApply(id("T003"))]);
    assert_eq!(press(&mut model, "aq"), [], "q in a question answers no");
}

#[test]
fn an_apply_that_cannot_be_is_refused_with_the_reason() {
    let refused = |model: &mut Model| {
        assert_eq!(press(model, "a"), []);
        assert_eq!(model.overlay, None);
        model.notice.clone().unwrap().text
    };
    let mut model = idle(120, 40, false);
    press(&mut model, "j");
    assert_eq!(refused(&mut model), "a: T002 has no optimized variant yet: there is nothing to measure");
    let mut model = measuring(120, 40, false, 2);
    press(&mut model, "jj");
    assert_eq!(refused(&mut model), "a: T003 is being measured; one experiment at a time");
    let mut model = idle(120, 40, false);
    update(&mut model, Msg::Started(id("I002"), Ok((77, "log".into()))));
    press(&mut model, "1");
    assert_eq!(refused(&mut model), "a: apply I002 is starting");
}

#[test]
fn a_status_is_set_with_a_reason_and_taken_back() {
    let mut model = idle(120, 40, false);
    let refused = |model: &mut Model| {
        press(model, "u");
        model.notice.clone().unwrap().text
    };
    assert_eq!(refused(&mut model), "u: nothing was set from here");
    press(&mut model, "js");
    let shown = screen(&model);
    assert!(shown.contains("Status of T002") && !shown.contains("p Planned"), "{shown}");
    assert_eq!(press(&mut model, "<Enter>"), [], "none is chosen at first");
    assert_eq!(press(&mut model, "sb"), []);
    assert!(screen(&model).contains("T002 Blocked: why?"));
    let command = |words: &[&str]| Effect::RunCommand(words.iter().map(|&word| word.to_owned()).collect());
    let set = press(&mut model, "waits for B002, isn't it?<Enter>");
    assert_eq!(set, [command(&["status", "T002", "blocked", "--reason=waits for B002, isn't it?"])]);
    assert_eq!(model.overlay, None);
    press(&mut model, "u");
    let shown = screen(&model);
    assert!(shown.contains("$ workbench status T002 planned --reason='Blocked was taken back'"), "{shown}");
    assert_eq!(press(&mut model, "<Enter>"), [], "cancel is chosen");
    assert_eq!(press(&mut model, "uu"), [command(&["status", "T002", "planned", "--reason=Blocked was taken back"])]);
    assert_eq!(refused(&mut model), "u: nothing was set from here");
    assert_eq!(press(&mut model, "sx<Esc>"), [], "dropped");
}

#[test]
fn a_note_is_what_was_typed() {
    let mut model = idle(120, 40, false);
    let command = |words: &[&str]| Effect::RunCommand(words.iter().map(|&word| word.to_owned()).collect());
    press(&mut model, "jn");
    assert!(screen(&model).contains("T002: what is to be noted?"));
    assert_eq!(press(&mut model, "--mind a=b<Enter>"), [command(&["note", "T002", "--", "--mind a=b"])]);
    assert_eq!(press(&mut model, "n <Enter>"), [], "nothing");
    assert_eq!(press(&mut model, "nx<Esc>"), [], "dropped");
    assert!(!screen(&model).contains("Notes"));
    let note = Note { at: model.now, text: "mind the pages".to_owned(), author: "ann".to_owned() };
    model.facts.rows[1].progress.notes.push(note);
    assert!(screen(&model).contains("mind the pages"), "{}", screen(&model));
}

#[test]
fn a_file_is_edited_and_a_report_written_from_anywhere() {
    let mut model = idle(120, 40, false);
    assert_eq!(press(&mut model, "jje"), [Effect::Edit(id("T003"))]);
    for screen in "1234567".chars() {
        let effects = press(&mut model, &format!("{screen}R"));
        assert!(effects.contains(&Effect::RunCommand(vec!["report".to_owned()])), "{effects:?}");
    }
    assert_eq!(press(&mut model, "^t"), [Effect::TellFrameTimes]);
}

#[test]
fn quitting_while_an_apply_runs_asks_what_becomes_of_it() {
    let mut model = idle(120, 40, false);
    assert_eq!(press(&mut model, "q"), [Effect::Quit]);
    for key in ["q", "^c", ":quit<Enter>"] {
        let mut model = measuring(120, 40, false, 2);
        assert_eq!(press(&mut model, key), [], "{key}");
        assert!(matches!(model.overlay, Some(Overlay::Dialog(_))), "{key}");
        assert_eq!(press(&mut model, "<Enter>"), [], "cancel is chosen");
        assert_eq!(press(&mut model, "ql"), [Effect::Quit]);
        assert_eq!(press(&mut model, "qs"), [Effect::StopApply(4_711), Effect::Quit]);
        assert_eq!(press(&mut model, "q<Esc>"), []);
    }
}

#[test]
fn escape_never_quits_and_q_goes_back_first() {
    let mut model = idle(120, 40, false);
    assert_eq!(press(&mut model, "<Esc><Esc><Esc>"), []);
    press(&mut model, "<Enter>");
    assert_eq!(model.zoom, Zoom::Full);
    assert_eq!(press(&mut model, "q"), []);
    assert_eq!(model.zoom, Zoom::Normal);
    assert_eq!(press(&mut model, "q"), [Effect::Quit]);
}

#[test]
fn the_palette_runs_commands_and_finds_improvements() {
    let mut model = idle(120, 40, false);
    press(&mut model, "/zzz<Enter>4:b002<Enter>");
    assert_eq!((model.screen, selected(&model)), (Screen::Register, "B002"), "the filter that hid it is gone");
    press(&mut model, ":agen<Tab><Enter>");
    assert_eq!(model.screen, Screen::Agents);
    press(&mut model, "^pnonsense<Enter>");
    assert_eq!(model.notice.as_ref().unwrap().text, "no command nonsense");
    press(&mut model, "1:apply<Enter>");
    assert_eq!(model.overlay, None, "B002 has no variant");
    assert!(model.notice.as_ref().unwrap().is_error);
}

#[test]
fn yank_copies_the_id_the_command_or_a_row_of_what_is_marked() {
    let mut model = idle(120, 40, false);
    assert_eq!(press(&mut model, "yi"), [Effect::Copy("T001".to_owned())]);
    press(&mut model, "jj j ");
    assert_eq!(press(&mut model, "yc"), [Effect::Copy("workbench apply T003 M001".to_owned())]);
    let [Effect::Copy(rows)] = &press(&mut model, "ym")[..] else { panic!() };
    assert_eq!(rows.lines().count(), 2);
    assert!(
        rows.starts_with(
            "| **T003** | Transaction | WAL group commit optimization | Planned | 1 | +25-30% TPS | – | – |"
        )
    );
}

#[test]
fn the_running_experiment_goes_on_by_events() {
    let mut model = measuring(120, 40, false, 3);
    let more: Vec<_> = events(5).into_iter().skip(events(3).len()).collect();
    update(&mut model, Msg::Events(ExperimentId(14), more.clone()));
    assert_eq!(model.facts.running.as_ref().unwrap().trials[0].pairs, experiment(5).trials[0].pairs);
    update(&mut model, Msg::Events(ExperimentId(99), more));
    assert_eq!(model.facts.running.as_ref().unwrap().trials[0].pairs.len(), 5, "another experiment's are ignored");
    update(&mut model, Msg::Running(None));
    assert!(model.shows_past());
}

#[test]
fn the_lab_goes_through_workloads_and_back_to_the_one_being_measured() {
    let mut model = measuring(120, 40, false, 3);
    press(&mut model, "2");
    let shown = |model: &Model| model.shown_workload(model.facts.running.as_ref().unwrap());
    assert_eq!(shown(&model), 3, "the control had the newest pair");
    let mut seen = Vec::new();
    for _ in 0..5 {
        press(&mut model, "w");
        seen.push(shown(&model));
    }
    assert_eq!(seen, [0, 1, 2, 3, 3]);
    assert_eq!(model.lab.workload, None);
}

#[test]
fn past_experiments_are_read_when_they_are_selected() {
    let mut model = idle(120, 40, false);
    assert_eq!(press(&mut model, "2"), [Effect::OpenExperiment(ExperimentId(13))]);
    assert_eq!(press(&mut model, "j"), [Effect::OpenExperiment(ExperimentId(12))]);
}

#[test]
fn workloads_of_a_verdict_are_read_once_when_they_are_looked_at() {
    let mut model = idle(120, 40, false);
    for row in &mut model.facts.rows {
        row.progress.workloads.clear();
    }
    assert_eq!(press(&mut model, "jjjjj"), [Effect::ReadWorkloads(id("B001"), ExperimentId(12))]);
    assert_eq!(press(&mut model, "+"), []);
    update(&mut model, Msg::Workloads(id("B001"), Vec::new()));
    assert_eq!(press(&mut model, "+"), [], "an answer without workloads is an answer");
}

#[test]
fn an_agent_leads_to_its_improvements() {
    let mut model = idle(120, 40, false);
    press(&mut model, "4jjji");
    assert_eq!((model.screen, shown(&model)), (Screen::Register, vec!["T002", "T004", "B002"]));
}

#[test]
fn the_log_follows_until_it_is_frozen_or_left() {
    let line = |seq| LogLine { seq, at: now(), kind: "pair".into(), subject: "T003".into(), text: "again".into() };
    let mut model = idle(80, 24, false);
    press(&mut model, "7");
    update(&mut model, Msg::Log((106..200).map(line).collect()));
    assert_eq!(model.log.list.selected, 98);
    press(&mut model, "f");
    update(&mut model, Msg::Log((200..210).map(line).collect()));
    assert_eq!((model.log.list.selected, model.facts.log.len()), (98, 99));
    assert!(screen(&model).contains("FROZEN 1, f follows"));
    press(&mut model, "fgg");
    update(&mut model, Msg::Log((205..220).map(line).collect()));
    assert_eq!((model.log.list.selected, model.facts.log.len()), (0, 119), "what was there is not added twice");
}

#[test]
fn a_frame_is_drawn_only_when_something_changed() {
    let mut model = idle(120, 40, false);
    model.dirty = false;
    update(&mut model, Msg::Tick(now() + SignedDuration::from_secs(1)));
    assert!(!model.dirty, "no second is shown here");
    update(&mut model, Msg::Tick(now() + SignedDuration::from_secs(61)));
    assert!(model.dirty, "ages are shown in minutes");
    let mut model = measuring(120, 40, false, 1);
    model.dirty = false;
    update(&mut model, Msg::Tick(now() + SignedDuration::from_secs(1)));
    assert!(model.dirty, "elapsed time is shown in seconds");
}

#[test]
fn a_notice_goes_after_a_while() {
    let mut model = idle(120, 40, false);
    press(&mut model, "T");
    assert!(screen(&model).contains("theme light"));
    update(&mut model, Msg::Tick(now() + SignedDuration::from_secs(6)));
    assert!(!screen(&model).contains("theme light"));
}

#[test]
fn under_no_color_there_is_one_theme() {
    let mut model = idle(120, 40, false);
    model.plain = true;
    let before = model.look.theme.name;
    press(&mut model, "T");
    assert_eq!(model.look.theme.name, before);
}

#[test]
fn clicks_select_rows_and_screens() {
    let click = |model: &mut Model, column, row| {
        let kind = MouseEventKind::Down(MouseButton::Left);
        update(model, Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }))
    };
    let mut model = idle(120, 40, false);
    click(&mut model, 10, 6);
    assert_eq!(selected(&model), "T003");
    click(&mut model, 10, 30);
    assert_eq!(selected(&model), "T003", "below the last row");
    click(&mut model, 33, 1);
    assert_eq!(model.screen, Screen::Agents);
}

#[test]
fn reloading_the_register_keeps_what_the_store_said() {
    let mut model = idle(120, 40, false);
    press(&mut model, "jjjjj");
    let entries = model.facts.rows.iter().map(|row| row.entry.clone()).collect();
    let news = crate::tui::msg::RegisterNews { entries, agents: model.facts.agents.clone(), ..Default::default() };
    update(&mut model, Msg::Register(Ok(Box::new(news))));
    assert_eq!(selected(&model), "B001");
    assert_eq!(model.selected_row().unwrap().progress.verdicts[0].at, ago(7_300));
}

#[test]
fn a_started_apply_is_shown_and_a_failed_one_says_its_last_words() {
    let mut model = idle(120, 40, false);
    update(&mut model, Msg::Started(id("T003"), Ok((77, "apply-T003.log".into()))));
    assert_eq!(model.screen, Screen::Lab);
    assert!(screen(&model).contains("apply T003 is starting"));
    assert_eq!(press(&mut model, "qs"), [Effect::StopApply(77), Effect::Quit], "it can be stopped before it is seen");
    let said = vec!["  × workbench.yaml: unknown key `taget`".to_owned(), "  help: did you mean `target`?".to_owned()];
    update(&mut model, Msg::Ended(id("T003"), Some(1), said));
    let shown = screen(&model);
    for text in ["apply T003 failed with exit code 1", "did you mean `target`?", "apply-T003.log"] {
        assert!(shown.contains(text), "{text} is not in\n{shown}");
    }
    press(&mut model, "<Enter>");
    assert_eq!(model.overlay, None);
    assert_eq!(press(&mut model, "q"), [Effect::Quit]);
}

#[test]
fn an_apply_that_was_asked_to_stop_did_not_fail() {
    let mut model = measuring(120, 40, false, 2);
    update(&mut model, Msg::Started(id("T003"), Ok((4_711, "apply-T003.log".into()))));
    assert_eq!(press(&mut model, "xs"), [Effect::StopApply(4_711)]);
    update(&mut model, Msg::Ended(id("T003"), Some(1), vec!["stopped".to_owned()]));
    assert_eq!(model.overlay, None);
    assert!(model.notice.unwrap().text.contains("--resume"));
}

#[test]
fn an_experiment_that_ends_is_read_from_the_past() {
    let mut model = measuring(120, 40, false, 3);
    press(&mut model, "2");
    assert_eq!(update(&mut model, Msg::Running(None)), [Effect::OpenExperiment(ExperimentId(13))]);
    assert_eq!(update(&mut model, Msg::Tick(now())), [], "asked for once");
}
