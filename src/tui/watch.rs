//! What is looked at again and again: the register's files, the repository, the machine.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use miette::{GraphicalReportHandler, GraphicalTheme};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::sleep;

use super::facts::{AgentRow, Lease, MachineFacts, Phase, ProjectFacts};
use super::msg::{Msg, RegisterNews};
use super::tail;
use crate::catalog::Catalog;
use crate::lab::machine::some_avg10;
use crate::machine::{Owner, Place, lease};
use crate::project::Project;
use crate::repository::Repository;

/// How often files, repository and machine are looked at.
const REGISTER_EVERY: Duration = Duration::from_secs(2);
const REPOSITORY_EVERY: Duration = Duration::from_secs(5);
const MACHINE_EVERY: Duration = Duration::from_secs(2);
/// Looking at the files of a large register takes its time: one part in so many of a processor's, but it is looked at in the end.
const REGISTER_SHARE: u32 = 400;
const REGISTER_AT_LATEST: Duration = Duration::from_secs(15);
/// Columns of a report of mistakes.
const REPORT_WIDTH: usize = 100;

/// Begins to watch; ends when nobody listens any more.
pub(super) fn begin(project: &Project, sender: &UnboundedSender<Msg>) {
    tokio::spawn(register(project.clone(), sender.clone()));
    tokio::spawn(every(REPOSITORY_EVERY, sender.clone(), project.clone(), |project| Msg::Project(repository(project))));
    tokio::spawn(every(MACHINE_EVERY, sender.clone(), project.clone(), |project| Msg::Machine(machine(project))));
}

/// Looks at something in a thread of its own, again and again.
async fn every(
    pause: Duration,
    sender: UnboundedSender<Msg>,
    project: Project,
    look: impl Fn(&Project) -> Msg + Send + Copy + 'static,
) {
    loop {
        let seen = project.clone();
        let Ok(msg) = tokio::task::spawn_blocking(move || look(&seen)).await else { return };
        if sender.send(msg).is_err() {
            return;
        }
        sleep(pause).await;
    }
}

/// Reads register and roster, and again when one of their files changed.
async fn register(project: Project, sender: UnboundedSender<Msg>) {
    let mut known = None;
    loop {
        let (seen, before, began) = (project.clone(), known, Instant::now());
        let look = tokio::task::spawn_blocking(move || {
            let now = fingerprint(&seen);
            (now, (before != Some(now)).then(|| read_register(&seen)))
        });
        let Ok((now, news)) = look.await else { return };
        let is_first = known.replace(now).is_none();
        if news.is_some_and(|news| sender.send(Msg::Register(news)).is_err()) || sender.is_closed() {
            return;
        }
        if is_first {
            // Only now: what the store knows is laid over the entries.
            tokio::spawn(tail::follow(project.clone(), sender.clone()));
        }
        let took = if is_first { Duration::ZERO } else { began.elapsed() };
        sleep(REGISTER_EVERY.max(took * REGISTER_SHARE).min(REGISTER_AT_LATEST)).await;
    }
}

/// How many files there are and when the newest was changed: enough to see that something is different.
fn fingerprint(project: &Project) -> (usize, SystemTime) {
    let folders = [project.improvements_dir(), project.agents_dir()];
    let files = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    let times = files.map(|entry| entry.metadata().and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH));
    let config = fs::metadata(project.config_file()).and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    times.fold((0, config), |(count, newest), time| (count + 1, newest.max(time)))
}

fn read_register(project: &Project) -> Result<Box<RegisterNews>, String> {
    let Catalog { config, roster, register, .. } = Catalog::load(project).map_err(|faults| {
        let mut text = String::new();
        let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(REPORT_WIDTH);
        // Rendering into a string fails only if a report's own text does; then its bare message stands for it.
        if handler.render_report(&mut text, &faults).is_err() { faults.to_string() } else { text }
    })?;
    let agents: Vec<AgentRow> = roster
        .agents
        .iter()
        .cloned()
        .map(|agent| AgentRow {
            number: agent.number,
            name: agent.name,
            specialization: agent.specialization,
            modules: if agent.modules.is_empty() { agent.subjects } else { agent.modules },
            status: "Ready".to_owned(),
            active: false,
            asks: false,
            last: None,
        })
        .collect();
    let phases = register.phases.into_iter().map(|phase| Phase { number: phase.number, title: phase.name });
    let (entries, phases, limits) = (register.improvements, phases.collect(), Some(config.agents));
    Ok(Box::new(RegisterNews { entries, phases, agents, roster, limits }))
}

/// Branch and commit, where there is a repository.
fn repository(project: &Project) -> ProjectFacts {
    let root = project.root();
    let target = target_of(root);
    let (branch, head) = match Repository::of(root) {
        Repository::At { branch, commit } => (branch, Some(commit)),
        Repository::Empty | Repository::None => (None, None),
    };
    ProjectFacts { target, branch, head }
}

fn target_of(root: &Path) -> String {
    root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Load, pressure and lease, where the system tells.
fn machine(project: &Project) -> MachineFacts {
    let cores = std::thread::available_parallelism().map_or(0, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX));
    let load = fs::read_to_string("/proc/loadavg").ok().and_then(|text| text.split(' ').next()?.parse().ok());
    let lease = lease(&project.lease());
    MachineFacts { cores, load, cpu_pressure: pressure("cpu"), io_pressure: pressure("io"), lease }
}

/// `some avg10` of a resource, percent.
fn pressure(resource: &str) -> Option<f64> {
    some_avg10(&fs::read_to_string(format!("/proc/pressure/{resource}")).ok()?)
}

/// Who holds the machine's lease.
fn lease(place: &Place) -> Option<Lease> {
    lease::is_taken(place).then(|| match lease::holder(place) {
        Some(Owner { what, user, pid, .. }) => {
            Lease { pid: pid.unsigned_abs(), purpose: format!("{what} by {user}, pid {pid}") }
        }
        None => Lease { pid: 0, purpose: "another measurement".to_owned() },
    })
}
