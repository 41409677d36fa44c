//! One agent: what it has in hand, what it said and what was seen, its attempts, its improvements.

use ratatui::text::Line;

use super::agents::owned;
use super::members;
use super::output::{ladder, standing};
use super::paint::{field, heading};
use crate::agents::facts::{Attempt, Doing};
use crate::tui::facts::{Activity, AgentRow, Row, Work};
use crate::tui::model::Model;
use crate::tui::text;

/// The selected agent as lines of that width.
pub(super) fn lines(model: &Model, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let Some(agent) = model.selected_agent() else { return Vec::new() };
    let mut lines = Vec::new();
    if let Some(work) = model.facts.last_work(agent.number) {
        lines.extend(in_hand(model, work, width));
        lines.push(Line::default());
    }
    lines.extend(field(look, "expert in", &agent.specialization, look.theme.text, width));
    lines.extend(field(look, "modules", &agent.modules.join(", "), look.theme.text, width));
    if let Some(written) = model.facts.roster.get(agent.number) {
        let command = written.runner.command.join(" ");
        let how = if command.is_empty() {
            written.runner.kind.to_string()
        } else {
            format!("{}: {command}", written.runner.kind)
        };
        lines.extend(field(look, "runner", &how, look.theme.text, width));
    }
    let status = if agent.active { look.theme.good } else { look.theme.text };
    lines.extend(field(look, "status", &agent.status, status, width));
    lines.extend(heard_of(model, agent, width));
    lines.push(Line::default());
    lines.extend(improvements(model, agent, width));
    lines
}

/// What is in its hands, or was last.
fn in_hand(model: &Model, work: &Work, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let assignment = &work.life.assignment;
    let title = model.facts.rows.iter().find(|row| row.entry.id == assignment.improvement);
    let title = title.map_or("", |row| row.entry.title.as_str());
    let mut lines = vec![heading(look, &format!("{} {title}", assignment.improvement))];
    lines.push(Line::from(standing(model, work)));
    lines.extend(ladder(model, work).map(Line::from));
    lines.extend(field(look, "branch", &assignment.branch, look.theme.text, width));
    if let Some((added, removed)) = work.size {
        lines.extend(field(look, "lines", &format!("+{added} −{removed} since its base"), look.theme.text, width));
    }
    for attempt in work.life.attempts.iter().rev() {
        lines.extend(attempt_lines(model, attempt, width));
    }
    lines
}

/// One attempt, with the last thing that the agent said of itself: claimed.
fn attempt_lines(model: &Model, attempt: &Attempt, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let name = format!("attempt {}", attempt.number);
    let began = text::age(attempt.at, model.now);
    let how = match &attempt.ended {
        Some(ended) => format!("{} ({began} ago, {} of output)", ended.reason, bytes(ended.output_bytes)),
        None => format!("began {began} ago"),
    };
    let mut lines = field(look, &name, &how, look.theme.text, width);
    if let Some(said) = attempt.said.last() {
        let asks = said.state == Doing::NeedsInput && attempt.ended.is_none();
        let age = text::age(said.at, model.now);
        let words = format!("{}: {} ({age} ago, claimed)", said.state, said.note);
        lines.extend(field(look, "says", &words, if asks { look.theme.warn } else { look.theme.dim }, width));
    }
    lines
}

/// The last sign of life, and whether it was seen or claimed.
fn heard_of(model: &Model, agent: &AgentRow, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let Some(last) = &agent.last else { return field(look, "heard", "nothing yet", look.theme.dim, width) };
    let age = text::age(last.at, model.now);
    let age = if age == "now" { age } else { format!("{age} ago") };
    let words = format!("{} ({age}, {})", last.what, whence(last));
    field(look, "heard", &words, look.theme.text, width)
}

/// An agent claims; everybody else has seen.
fn whence(last: &Activity) -> String {
    if last.source == "agent" { "claimed by the agent".to_owned() } else { format!("seen by {}", last.source) }
}

fn improvements(model: &Model, agent: &AgentRow, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let owned: Vec<&Row> = owned(model, agent).collect();
    let mut lines = vec![heading(look, &format!("Improvements ({})", owned.len()))];
    let members = owned.iter().map(|row| (&row.entry.id, row.entry.title.as_str(), row.progress.status));
    lines.extend(members::lines(look, members, width));
    lines
}

fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        _ => format!("{}B", text::quantity(count as f64)),
    }
}
