//! Putting an improvement into an agent's hands, and taking it back: asked here, done by the commands of the same names.

use super::choice;
use crate::agents::Stage;
use crate::agents::facts::{Role, Worker};
use crate::agents::queue::{Candidate, Open, Queue};
use crate::improvements::{Improvement, ImprovementId};
use crate::tui::facts::Work;
use crate::tui::input::Input;
use crate::tui::model::{About, Dialog, Model, Overlay, Prompt, Screen, Then};
use crate::tui::msg::Effect;

/// Choices that one question offers.
const CHOICES: [char; 8] = ['1', '2', '3', '4', '5', '6', '7', '8'];

/// Who takes the selected improvement, or what the selected agent takes.
pub(super) fn ask(model: &Model) -> Option<Dialog> {
    match model.screen {
        Screen::Agents => of_agent(model),
        Screen::Register | Screen::Lab | Screen::Profile | Screen::Review | Screen::Plan | Screen::Log => {
            of_improvement(model)
        }
    }
}

/// Whether something could be assigned from here; if not, why.
pub(in crate::tui) fn can_ask(model: &Model) -> Result<(), String> {
    if model.facts.limits.is_none() {
        return Err("the roster is not read yet".to_owned());
    }
    match model.screen {
        Screen::Agents => {
            let agent = model.selected_agent().ok_or("the roster is empty")?;
            match model.facts.in_hand(agent.number) {
                Some(work) if !work.stage.may_begin() => {
                    Err(format!("{} has {} in hand ({})", agent.name, work.life.assignment.improvement, work.stage))
                }
                Some(_) | None => Ok(()),
            }
        }
        Screen::Register | Screen::Lab | Screen::Profile | Screen::Review | Screen::Plan | Screen::Log => {
            let row = model.selected_row().ok_or("nothing is selected")?;
            if row.entry.agents.is_empty() { Err(format!("{} belongs to nobody", row.entry.id)) } else { Ok(()) }
        }
    }
}

fn of_improvement(model: &Model) -> Option<Dialog> {
    let entry = &model.selected_row()?.entry;
    let open = open(model);
    let looked = with_queue(model, &open, |queue| {
        let owners = entry.agents.iter().map(|agent| told(&queue.look(entry, Some(*agent))));
        owners.collect::<Vec<_>>()
    })?;
    let mut body = Vec::new();
    let mut choices = Vec::new();
    for ((agent, why), key) in looked.into_iter().zip(CHOICES) {
        let name = model.facts.agents.iter().find(|known| Some(known.number) == agent);
        let name =
            name.map_or_else(|| "nobody".to_owned(), |known| format!("{}, {}", known.name, known.specialization));
        match (agent, why) {
            (Some(agent), None) => {
                body.push(format!("{name}: free for it"));
                let label = format!("agent {agent}");
                choices.push(choice(key, &label, Then::Run(command(&entry.id, agent))));
            }
            (_, why) => body.push(format!("{name}: {}", why.unwrap_or_else(|| "not in the roster".to_owned()))),
        }
    }
    body.extend([
        String::new(),
        "It gets a branch and a worktree of its own and a brief; the checkout is not touched.".to_owned(),
        format!("$ workbench assign {}", entry.id),
    ]);
    choices.push(choice('c', "cancel", Then::Nothing));
    let selected = choices.len() - 1;
    Some(Dialog { title: format!("Give {} {} to an agent?", entry.id, entry.title), body, choices, selected })
}

fn of_agent(model: &Model) -> Option<Dialog> {
    let agent = model.selected_agent()?;
    let owned = model.facts.rows.iter().map(|row| &row.entry).filter(|entry| entry.agents.contains(&agent.number));
    let mut owned: Vec<&Improvement> = owned.collect();
    owned.sort_by_key(|entry| (entry.phase, entry.priority));
    let open = open(model);
    let looked = with_queue(model, &open, |queue| {
        owned.iter().map(|entry| (*entry, told(&queue.look(entry, Some(agent.number))).1)).collect::<Vec<_>>()
    })?;
    let mut body = Vec::new();
    let mut choices = Vec::new();
    let mut keys = CHOICES.into_iter();
    for (entry, why) in looked {
        match why {
            None => {
                let Some(key) = keys.next() else { break };
                body.push(format!("{}  {}, phase {}", entry.id, entry.title, entry.phase));
                choices.push(choice(key, &entry.id.0, Then::Run(command(&entry.id, agent.number))));
            }
            Some(why) if body.len() < CHOICES.len() => body.push(format!("{}  not now: {why}", entry.id)),
            Some(_) => {}
        }
    }
    if body.is_empty() {
        body.push("No improvement of the register is this agent's.".to_owned());
    }
    choices.push(choice('c', "cancel", Then::Nothing));
    let selected = choices.len() - 1;
    Some(Dialog { title: format!("What does {} begin with?", agent.name), body, choices, selected })
}

/// Whether the selected agent's attempt is stopped, and whether the improvement is taken back too.
pub(super) fn ask_stop(model: &Model) -> Option<Dialog> {
    let (work, worker) = stoppable(model)?;
    let id = &work.life.assignment.improvement;
    Some(Dialog {
        title: format!("Stop agent {} on {id}?", work.life.assignment.agent),
        body: vec![
            format!("Its process group gets INT, then TERM, then KILL; its supervisor {} sees to that.", worker.pid),
            "The branch stays, and what was not committed is kept as a commit. The next attempt goes on from there."
                .to_owned(),
            String::new(),
            format!("Taking {id} back ends the assignment too:"),
            format!("$ workbench recall {id} --reason …"),
        ],
        choices: vec![
            choice('s', "stop it", Then::StopAttempt(worker)),
            choice('t', "stop it and take back", Then::AskRecall(id.clone())),
            choice('c', "cancel", Then::Nothing),
        ],
        selected: 2,
    })
}

/// What is under way at the selected agent, and who watches over it.
pub(in crate::tui) fn stoppable(model: &Model) -> Option<(&Work, Worker)> {
    let work = model.facts.in_hand(model.selected_agent()?.number)?;
    let workers = &work.life.last_attempt()?.workers;
    let supervisor = workers.iter().rfind(|worker| worker.role == Role::Supervisor)?;
    (work.stage == Stage::Working).then_some((work, *supervisor))
}

/// Asks why it is taken back.
pub(super) fn ask_reason(model: &mut Model, improvement: ImprovementId) {
    let title = format!("{improvement} is taken back: why?");
    model.overlay = Some(Overlay::Prompt(Prompt { title, about: About::Recall(improvement), input: Input::default() }));
}

pub(super) fn recall(model: &mut Model, improvement: &ImprovementId, reason: &str) -> Vec<Effect> {
    if reason.is_empty() {
        model.complain(format!("{improvement} stays where it is: there was no reason"));
        return Vec::new();
    }
    model.say(format!("{improvement} is taken back: INT, then TERM, then KILL…"));
    vec![Effect::RunCommand(vec!["recall".to_owned(), improvement.0.clone(), format!("--reason={reason}")])]
}

fn command(improvement: &ImprovementId, agent: u32) -> Vec<String> {
    vec!["assign".to_owned(), improvement.0.clone(), agent.to_string()]
}

/// Who would take it, and why not.
fn told(candidate: &Candidate<'_>) -> (Option<u32>, Option<String>) {
    let why: Vec<String> = candidate.hindrances.iter().map(ToString::to_string).collect();
    (candidate.agent.map(|agent| agent.number), (!why.is_empty()).then(|| why.join("; ")))
}

fn open(model: &Model) -> Vec<Open> {
    let open = model.facts.work.iter().filter(|work| work.stage.is_open());
    open.map(|work| Open {
        id: work.life.assignment.id,
        improvement: work.life.assignment.improvement.clone(),
        agent: work.life.assignment.agent,
        stage: work.stage,
        attempts: u32::try_from(work.life.attempts.len()).unwrap_or(u32::MAX),
    })
    .collect()
}

/// Asks the queue that `workbench assign` asks.
fn with_queue<T>(model: &Model, open: &[Open], ask: impl FnOnce(&Queue<'_>) -> T) -> Option<T> {
    let statuses = model.facts.rows.iter().map(|row| (row.entry.id.clone(), row.progress.status)).collect();
    Some(ask(&Queue {
        improvements: &[],
        roster: &model.facts.roster,
        limits: model.facts.limits.as_ref()?,
        statuses: &statuses,
        accepted: &model.facts.stack,
        open,
    }))
}
