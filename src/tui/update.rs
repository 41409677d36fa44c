//! The one place where state changes. Pure: what is to be done outside is returned as effects.

use crossterm::event::{KeyEvent, KeyEventKind};
use jiff::Timestamp;

use super::actions;
use super::facts::{AgentNews, Load, Row};
use super::keys::Key;
use super::layout;
use super::model::{Dialog, Model, Overlay, Screen, StartedApply, Then};
use super::msg::{Effect, Msg, RegisterNews, StoreNews};
use super::state::{LabAsked, LabView, ListState};
use super::{act, freeze, inbox, mouse, view};

/// Takes in one message.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    let Some(msg) = freeze::pass(model, msg) else { return Vec::new() };
    let mut effects = take(model, msg);
    settle(model);
    effects.extend(act::read_shown_workloads(model));
    effects.extend(act::lab::read_shown(model));
    effects.extend(act::profile::read_shown(model));
    effects.extend(act::review::read_shown(model));
    effects.extend(act::read_shown_plan(model));
    effects
}

pub(super) fn take(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(event) => key(model, event),
        Msg::Mouse(event) => {
            mouse::happened(model, event);
            Vec::new()
        }
        Msg::Paste(text) => paste(model, &text),
        Msg::Resize(size) => {
            model.size = size;
            changed(model)
        }
        Msg::TerminalGone => vec![Effect::Quit],
        Msg::Tick(now) => tick(model, now),
        Msg::Register(Ok(news)) => register(model, *news),
        Msg::Register(Err(trouble)) => {
            model.facts.register = Load::Failed(trouble);
            look_for_what_waits(model);
            changed(model)
        }
        Msg::Store(Ok(news)) => store(model, *news),
        Msg::Store(Err(trouble)) => {
            model.facts.store = Load::Failed(trouble);
            look_for_what_waits(model);
            changed(model)
        }
        Msg::Running(experiment) => {
            if let (None, Some(new)) = (&model.facts.running, &experiment) {
                // Who reads screens or noise goes on reading.
                if model.lab.view == LabView::Past {
                    model.lab.view = LabView::Live;
                }
                model.starting = model.starting.take().filter(|starting| !starting.asks(&new.plan.question));
            }
            model.facts.running = experiment.map(|experiment| *experiment);
            look_for_what_waits(model);
            changed(model)
        }
        Msg::Events(id, events) => {
            if let Some(running) = model.facts.running.as_mut().filter(|running| running.id == id) {
                for (at, event) in &events {
                    running.note(*at, event);
                }
            }
            changed(model)
        }
        Msg::Workloads(id, workloads) => {
            if let Some(row) = model.facts.rows.iter_mut().find(|row| row.entry.id == id) {
                row.progress.workloads = workloads;
            }
            changed(model)
        }
        Msg::Opened(experiment) => {
            model.facts.opened = Some(*experiment);
            changed(model)
        }
        Msg::Profile(key, read) => {
            act::profile::came(model, &key, read);
            Vec::new()
        }
        Msg::Plan(read) => {
            model.plan.reading = false;
            // What was true a moment ago is better than nothing, but not than the reason why there is no more.
            model.facts.plan = Some(read);
            changed(model)
        }
        Msg::Work(work) => {
            let before = std::mem::replace(&mut model.facts.work, work);
            model.review.arrange(&before, &model.facts.work);
            look_for_what_waits(model);
            changed(model)
        }
        Msg::Agents(news) => {
            heard_of(model, news);
            look_for_what_waits(model);
            changed(model)
        }
        Msg::LabMoved => {
            let LabAsked { experiment, .. } = model.lab.asked;
            model.lab.asked = LabAsked { experiment, ..LabAsked::default() };
            Vec::new()
        }
        Msg::Screens(read) => {
            model.facts.lab.screens = Some(read);
            changed(model)
        }
        Msg::Screen(id, read) => {
            model.facts.lab.screen = Some((id, read));
            changed(model)
        }
        Msg::Noise(read) => {
            model.facts.lab.noise = Some(read);
            changed(model)
        }
        Msg::Trend(id, read) => {
            model.facts.lab.trend = Some((id, read));
            changed(model)
        }
        Msg::Patch(key, read) => {
            if model.review.asked.as_ref() == Some(&key) {
                model.facts.patch = Some((key, read));
                model.review.diff = ListState::default();
            }
            changed(model)
        }
        Msg::Train(foreseen) => {
            model.facts.train = Some(foreseen);
            changed(model)
        }
        Msg::Output(key, read) => {
            act::output::came(model, &key, read);
            Vec::new()
        }
        Msg::Pictures(Ok(files)) => {
            act::profile::show_pictures(model, files);
            Vec::new()
        }
        Msg::Pictures(Err(text)) => {
            model.complain(text);
            Vec::new()
        }
        Msg::Log(lines) => {
            let follows = model.log.list.selected + 1 >= model.facts.log.len();
            model.facts.extend_log(lines);
            if follows {
                model.log.list.selected = model.facts.log.len().saturating_sub(1);
                let height = usize::from(layout::inside(layout::parts(model.size).body).height.saturating_sub(1));
                model.log.list.settle(model.facts.log.len(), height);
            }
            changed(model)
        }
        Msg::Machine(machine) => {
            model.dirty |= model.screen == Screen::Lab && model.facts.machine != machine;
            model.facts.machine = machine;
            Vec::new()
        }
        Msg::Project(project) => {
            model.dirty |= model.facts.project != project;
            model.facts.project = project;
            Vec::new()
        }
        Msg::Started(improvement, Ok((pid, log))) => {
            model.say(format!("apply {improvement} started (process {pid}); its output goes to {}", log.display()));
            act::go(model, Screen::Lab);
            model.lab.view = LabView::Live;
            let started = StartedApply { improvement, pid, log };
            model.starting = Some(started.clone());
            model.started = Some(started);
            Vec::new()
        }
        Msg::Started(improvement, Err(trouble)) => {
            model.complain(format!("apply {improvement} could not be started: {trouble}"));
            Vec::new()
        }
        Msg::Ended(improvement, code, said) => {
            ended(model, &improvement.0, code, said);
            Vec::new()
        }
        Msg::Done(Ok(text)) => {
            model.say(text);
            Vec::new()
        }
        Msg::Done(Err(text)) => {
            model.complain(text);
            Vec::new()
        }
    }
}

fn changed(model: &mut Model) -> Vec<Effect> {
    model.dirty = true;
    Vec::new()
}

fn key(model: &mut Model, event: KeyEvent) -> Vec<Effect> {
    if event.kind == KeyEventKind::Release {
        return Vec::new();
    }
    let Some(key) = Key::from_event(&event) else { return Vec::new() };
    model.dirty = true;
    if let Some(Overlay::Dialog(dialog)) = &model.overlay
        && let Some(choice) = key.typed().and_then(|typed| dialog.choices.iter().find(|choice| choice.key == typed))
    {
        let then = choice.then.clone();
        return act::answer(model, then);
    }
    match actions::find(model, key) {
        Some(action) => act::run(model, action),
        None => {
            act::type_key(model, key);
            Vec::new()
        }
    }
}

fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    match &mut model.overlay {
        Some(Overlay::Palette(palette)) => palette.input.insert(text),
        Some(Overlay::Help(help)) => help.query.insert(text),
        Some(Overlay::Prompt(prompt)) => prompt.input.insert(text),
        Some(Overlay::Dialog(_) | Overlay::Inbox(_)) => {}
        None => {
            if let Some(input) = model.editing_mut() {
                input.insert(text);
                act::typed(model);
            }
        }
    }
    changed(model)
}

/// Marks the model dirty only where the passing of time is seen.
fn tick(model: &mut Model, now: Timestamp) -> Vec<Effect> {
    let before = std::mem::replace(&mut model.now, now);
    if model.notice.as_ref().is_some_and(|notice| notice.until <= now) {
        model.notice = None;
        model.dirty = true;
    }
    let second_passed = before.as_second() != now.as_second();
    let seconds_are_shown = model.facts.running.is_some() || matches!(model.screen, Screen::Agents | Screen::Log);
    let minute_passed = before.as_second() / 60 != now.as_second() / 60;
    model.dirty |= minute_passed || (second_passed && seconds_are_shown);
    act::output::read_on(model)
}

fn register(model: &mut Model, news: RegisterNews) -> Vec<Effect> {
    let mut known: std::collections::HashMap<_, _> =
        model.facts.rows.drain(..).map(|row| (row.entry.id, row.progress)).collect();
    let row = |entry: crate::improvements::Improvement| {
        let progress = known.remove(&entry.id).unwrap_or_default();
        Row { entry, progress }
    };
    let selected = model.register.visible.get(model.register.list.selected).copied();
    model.facts.rows = news.entries.into_iter().map(row).collect();
    let before = std::mem::replace(&mut model.facts.agents, news.agents);
    for agent in &mut model.facts.agents {
        if let Some(known) = before.iter().find(|known| known.number == agent.number) {
            agent.status.clone_from(&known.status);
            agent.active = known.active;
            agent.asks = known.asks;
            agent.last.clone_from(&known.last);
        }
    }
    (model.facts.roster, model.facts.limits) = (news.roster, news.limits);
    model.facts.phases = news.phases;
    model.plan.fresh = false;
    model.facts.register = Load::Ready;
    model.register.arrange(&model.facts.rows);
    if selected.is_none() {
        model.register.list = ListState::default();
    }
    look_for_what_waits(model);
    changed(model)
}

fn store(model: &mut Model, news: StoreNews) -> Vec<Effect> {
    let mut places = std::collections::HashMap::new();
    if !news.progress.is_empty() {
        places.extend(model.facts.rows.iter().enumerate().map(|(place, row)| (row.entry.id.clone(), place)));
    }
    for (id, progress) in news.progress {
        if let Some(row) = places.get(&id).and_then(|place| model.facts.rows.get_mut(*place)) {
            row.progress = progress;
        }
    }
    heard_of(model, news.agents);
    model.facts.stack = news.stack;
    model.facts.profiled = news.profiled;
    model.plan.fresh = false;
    model.register.asked = None;
    (model.lab.asked.experiment, model.lab.asked.trend) = (None, None);
    model.facts.past = news.past;
    model.facts.store = Load::Ready;
    model.register.arrange(&model.facts.rows);
    look_for_what_waits(model);
    changed(model)
}

fn heard_of(model: &mut Model, news: Vec<AgentNews>) {
    for known in news {
        if let Some(agent) = model.facts.agents.iter_mut().find(|agent| agent.number == known.number) {
            agent.status = known.status.unwrap_or_else(|| agent.status.clone());
            agent.active = known.active;
            agent.asks = known.asks;
            agent.last = Some(known.last);
        }
    }
}

fn ended(model: &mut Model, improvement: &str, code: Option<i32>, said: Vec<String>) {
    model.starting = None;
    let was_asked_to =
        model.stopping.take().is_some_and(|pid| model.started.as_ref().is_some_and(|ours| ours.pid == pid));
    let failure = match code {
        _ if was_asked_to => {
            return model.say(format!("apply {improvement} stopped; `workbench apply {improvement} --resume` goes on"));
        }
        Some(0) => return model.say(format!("apply {improvement} ended: accepted")),
        Some(4) => return model.say(format!("apply {improvement} ended: not accepted; the Register says why")),
        Some(75) => format!("apply {improvement}: the machine was busy"),
        Some(code) => format!("apply {improvement} failed with exit code {code}"),
        None => format!("apply {improvement} was killed; --resume goes on"),
    };
    if model.overlay.is_some() {
        return model.complain(failure);
    }
    let log = model.started.as_ref().map(|started| format!("All of it: {}", started.log.display()));
    let choices = vec![act::choice('c', "close", Then::Nothing)];
    let body = said.into_iter().chain(log).collect();
    model.overlay = Some(Overlay::Dialog(Dialog { title: failure, body, choices, selected: 0 }));
    model.dirty = true;
}

/// Derives the inbox anew, and keeps its chosen entry inside.
fn look_for_what_waits(model: &mut Model) {
    model.facts.waiting = inbox::waiting(&model.facts);
    if let Some(Overlay::Inbox(selected)) = &mut model.overlay {
        *selected = (*selected).min(model.facts.waiting.len().saturating_sub(1));
    }
}

/// Keeps every selection inside its list and its window.
fn settle(model: &mut Model) {
    if model.screen == Screen::Profile {
        let rows = layout::profile(model).trees[0].height;
        if let Some(Ok(facts)) = &model.facts.profile {
            model.profile.settle(facts, rows);
        }
    }
    let columns = layout::output_text(model);
    if let Some(output) = &mut model.agents.output {
        output.lay(columns);
    }
    let len = model.list_len();
    let height = usize::from(layout::list_rows(model).height);
    model.list_mut().settle(len, height);
    let (lines, height) = view::detail_lines(model);
    let offset = model.detail_offset_mut();
    *offset = (*offset).min(lines.saturating_sub(usize::from(height)));
}
