//! Who has what in hand, read from store, repository and output files.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;

use super::facts::{OutputKey, OutputLine, OutputNews, PatchKey, TrainFacts, Work};
use super::msg::Msg;
use crate::agents::facts::Life;
use crate::agents::supervisor::{Kept, read_record};
use crate::agents::{Stage, Worktree};
use crate::config::Config;
use crate::project::Project;
use crate::repository::{Graph, GraphError, Patch};
use crate::tracking::{Reader, StoreError};
use crate::yaml::Faults;

/// How often the size of what is being worked on is looked at.
const SIZES_EVERY: Duration = Duration::from_secs(5);

/// Of a long output the end is read.
const OUTPUT_BYTES_MAX: u64 = 2 << 20;

/// Who has what in hand, as it was told last.
pub(super) struct Assigned {
    project: Project,
    lives: Vec<Life>,
    told: Vec<Work>,
    sized: Instant,
}

impl Assigned {
    /// Nothing is known yet.
    pub(super) fn new(project: Project) -> Self {
        Self { project, lives: Vec::new(), told: Vec::new(), sized: Instant::now() }
    }

    /// Reads all assignments.
    pub(super) async fn read(&mut self, reader: &Reader) -> Result<Option<Msg>, StoreError> {
        self.lives = reader.lives().await?;
        Ok(self.look(true))
    }

    /// Looks again at what changes without a word in the store: processes and worktrees.
    pub(super) fn look_again(&mut self) -> Option<Msg> {
        if !self.is_somebody_at_work() {
            return None;
        }
        let sizes = self.sized.elapsed() >= SIZES_EVERY;
        self.look(sizes)
    }

    /// Whether an attempt is under way.
    pub(super) fn is_somebody_at_work(&self) -> bool {
        self.told.iter().any(|work| work.stage == Stage::Working)
    }

    fn look(&mut self, sizes: bool) -> Option<Msg> {
        let known = |life: &Life| {
            let before = self.told.iter().find(|work| work.life.assignment.id == life.assignment.id);
            before.and_then(|work| work.size)
        };
        let of = |life: &Life| {
            let stage = Stage::now(life);
            let size = if sizes && stage.is_open() { size(&self.project, life, stage) } else { known(life) };
            Work { life: life.clone(), stage, size }
        };
        // Files are compared: the other tasks of this thread go elsewhere meanwhile.
        let now: Vec<Work> = tokio::task::block_in_place(|| self.lives.iter().map(of).collect());
        if sizes {
            self.sized = Instant::now();
        }
        (now != self.told).then(|| {
            self.told.clone_from(&now);
            Msg::Work(now)
        })
    }
}

/// Lines since the base: of what was handed in, else of the worktree as it is. A worktree that is gone has none.
fn size(project: &Project, life: &Life, stage: Stage) -> Option<(usize, usize)> {
    let base = &life.assignment.base;
    match life.submission().filter(|_| stage != Stage::Working) {
        Some(submission) => Some(Graph::of(project.root()).ok()?.patch(base, &submission.commit).ok()?.size()),
        None => {
            let tree = Worktree::of(project, &life.assignment).tree();
            tree.exists().then(|| Graph::of(&tree)?.size_since(base)).and_then(Result::ok)
        }
    }
}

/// Reads what lies between two commits.
pub(super) fn patch(project: &Project, sender: &UnboundedSender<Msg>, key: PatchKey) {
    in_a_thread(project, sender, move |project| {
        let patch: Result<Patch, GraphError> =
            Graph::of(project.root()).and_then(|graph| graph.patch(&key.base, &key.commit));
        Msg::Patch(key, patch.map(Box::new).map_err(|error| error.to_string()))
    });
}

/// Tries the merge train.
pub(super) fn train(project: &Project, sender: &UnboundedSender<Msg>, commits: Vec<String>) {
    in_a_thread(project, sender, move |project| Msg::Train(tried(project, commits)));
}

fn tried(project: &Project, commits: Vec<String>) -> Result<TrainFacts, String> {
    let config = Config::load(project, &mut Faults::default()).ok_or("workbench.yaml cannot be read")?;
    let branch = config.agents.integration;
    let told = |error: GraphError| error.to_string();
    let graph = Graph::of(project.root()).map_err(told)?;
    let tip = graph.commit(&format!("refs/heads/{branch}")).or_else(|| graph.commit("HEAD"));
    let tip = tip.ok_or("the repository has no commit")?;
    let foreseen = graph.foresee(&tip, &commits).map_err(told)?;
    Ok(TrainFacts { branch, stops: commits.into_iter().zip(foreseen).collect() })
}

/// Reads what came of an output after that byte.
pub(super) fn output(project: &Project, sender: &UnboundedSender<Msg>, key: OutputKey, from: u64) {
    in_a_thread(project, sender, move |project| {
        let file = Worktree::of(project, &key.assignment).output(key.attempt);
        let news = read_on(&file, from).map_err(|error| format!("{}: {error}", project.shown(&file)));
        Msg::Output(key, news)
    });
}

/// Whole lines only: the last one may still be on its way.
fn read_on(file: &Path, from: u64) -> io::Result<OutputNews> {
    let mut file = File::open(file)?;
    let length = file.metadata()?.len();
    let start = from.max(length.saturating_sub(OUTPUT_BYTES_MAX));
    file.seek(SeekFrom::Start(start))?;
    let mut news = OutputNews { next: start, skipped: start - from, ..OutputNews::default() };
    let (mut reader, mut record) = (BufReader::new(file), Vec::new());
    while reader.read_until(b'\n', &mut record)? > 0 && record.ends_with(b"\n") {
        news.next += record.len() as u64;
        // What was begun before the place where reading begins is no record.
        news.lines.extend(std::str::from_utf8(&record).ok().and_then(read_record).into_iter().flat_map(readable));
        record.clear();
    }
    Ok(news)
}

fn readable(kept: Kept) -> Vec<OutputLine> {
    let Kept { at, stream, bytes } = kept;
    let text = String::from_utf8_lossy(&bytes).replace('\t', "    ");
    let line = |line: &str| OutputLine { at, stream, text: line.chars().filter(|c| !c.is_control()).collect() };
    text.lines().map(line).collect()
}

/// Does something that takes its time; when the interface has gone, nobody waits for it.
fn in_a_thread(project: &Project, sender: &UnboundedSender<Msg>, look: impl FnOnce(&Project) -> Msg + Send + 'static) {
    let (project, sender) = (project.clone(), sender.clone());
    tokio::task::spawn_blocking(move || drop(sender.send(look(&project))));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::supervisor::Stream;

    #[test]
    fn an_output_is_read_on_from_where_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("attempt-1.jsonl");
        let record = |text: &str| serde_json::json!({"at_ms": 5, "stream": "stdout", "text": text}).to_string() + "\n";
        std::fs::write(&file, record("one\tx\u{7}\n") + &record("two\nthree\n") + "{\"at_ms\":6").unwrap();
        let news = read_on(&file, 0).unwrap();
        let texts: Vec<&str> = news.lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!((texts, news.skipped), (vec!["one    x", "two", "three"], 0));
        assert!(news.lines.iter().all(|line| line.stream == Stream::Stdout));
        let mut text = std::fs::read_to_string(&file).unwrap();
        text.truncate(usize::try_from(news.next).unwrap());
        std::fs::write(&file, text + &record("four\n")).unwrap();
        let more = read_on(&file, news.next).unwrap();
        assert_eq!(more.lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["four"]);
    }
}
