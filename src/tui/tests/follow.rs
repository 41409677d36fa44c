//! The store as the interface sees it: what is recorded there arrives as messages, in pieces or at once.

use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::fixtures::{events, id, idle, plan, ruling};
use crate::improvements::Status;
use crate::lab::experiment::{ExperimentId, Pair, Side};
use crate::lab::journal::{Event, Journal};
use crate::profiles::Kind;
use crate::project::Project;
use crate::tracking::{AgentState, Store};
use crate::tui::facts::Ending;
use crate::tui::model::{Model, Screen};
use crate::tui::msg::{Effect, Msg};
use crate::tui::tail;
use crate::tui::update::update;
use crate::tui::{experiment::Experiment, past, profiled};

struct Scene {
    project: Project,
    _folder: tempfile::TempDir,
    model: Model,
    receiver: UnboundedReceiver<Msg>,
    sender: tokio::sync::mpsc::UnboundedSender<Msg>,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("workbench.yaml"), "").unwrap();
        let project = Project::at(folder.path()).unwrap();
        let (sender, receiver) = unbounded_channel();
        Self { project, _folder: folder, model: idle(120, 40, false), receiver, sender }
    }

    fn follow(&self) {
        tokio::spawn(tail::follow(self.project.clone(), self.sender.clone()));
    }

    /// Takes in messages until the model is as wanted.
    async fn until(&mut self, what: &str, holds: impl Fn(&Model) -> bool) {
        let until = tokio::time::Instant::now() + Duration::from_secs(20);
        while !holds(&self.model) {
            let msg = tokio::time::timeout_at(until, self.receiver.recv()).await;
            let msg = msg.unwrap_or_else(|_| panic!("{what} never came")).unwrap();
            update(&mut self.model, msg);
        }
    }

    async fn record(&self, store: &mut Store, id: ExperimentId, from: u32, to: u32) {
        for (_, event) in events(to).into_iter().skip(events(from).len()) {
            store.record(id, &with_rates(event)).await.unwrap();
        }
    }
}

/// Pairs keep the rates of their slices.
fn with_rates(event: Event) -> Event {
    match event {
        Event::Pair(mut pair) => {
            pair.a.slice_rates = vec![7_000.0, 7_100.0];
            pair.b.slice_rates = vec![36_000.0, 35_000.0];
            pair.a.values.insert("tps".to_owned(), 7_050.0);
            pair.b.values.insert("tps".to_owned(), 35_500.0);
            Event::Pair(pair)
        }
        other => other,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_experiment_arrives_piece_by_piece_and_ends_in_the_past() {
    let mut scene = Scene::new();
    let mut store = Store::open(&scene.project).await.unwrap().crediting(&[1]);
    scene.follow();
    scene.until("the empty store", |model| model.facts.past.is_empty()).await;

    let experiment = store.open(&plan(), false).await.unwrap().id;
    scene.record(&mut store, experiment, 0, 2).await;
    let pairs = |model: &Model| model.facts.running.as_ref().map_or(0, |running| running.trials[0].pairs.len());
    scene.until("two pairs", |model| pairs(model) == 2).await;
    scene.record(&mut store, experiment, 2, 5).await;
    store.record(experiment, &Event::Progress { note: "loading warehouse 2".to_owned() }).await.unwrap();
    scene.until("five pairs", |model| pairs(model) == 5).await;
    scene
        .until("the progress", |model| {
            model.facts.running.as_ref().unwrap().stages.last().unwrap().note == "loading warehouse 2"
        })
        .await;

    // However it came, it is what the same events make of an experiment.
    let running = scene.model.facts.running.clone().unwrap();
    let mut expected = Experiment::new(experiment, plan(), running.started);
    events(5).into_iter().for_each(|(at, event)| expected.note(at, &event));
    for (found, expected) in running.trials.iter().zip(&expected.trials) {
        assert_eq!(found.standing, expected.standing);
        assert_eq!(found.rates, expected.rates);
        let dots = |pairs: &[crate::tui::experiment::PairDot]| {
            pairs.iter().map(|pair| (pair.index, pair.d, pair.counts, pair.bounds)).collect::<Vec<_>>()
        };
        assert_eq!(dots(&found.pairs), dots(&expected.pairs));
    }
    assert_eq!(running.process, Some(std::process::id()));
    assert!(scene.model.facts.agents[0].active, "agent 1 is credited and at work");
    assert!(scene.model.facts.log.iter().any(|line| line.kind == "pair"));

    store.record(experiment, &Event::Ruled(Box::new(ruling()))).await.unwrap();
    scene.until("the end", |model| model.facts.running.is_none() && !model.facts.past.is_empty()).await;
    let past = &scene.model.facts.past[0];
    assert_eq!((past.id, &past.end), (experiment, &Ending::Ruled(ruling().verdict)));
    let row = scene.model.facts.rows.iter().find(|row| row.entry.id == id("T003")).unwrap();
    assert_eq!(row.progress.status, Status::Complete);
    assert_eq!(row.progress.measured.as_ref().unwrap().workload, "tps on tpcc sessions=64");
    assert_eq!(scene.model.facts.stack, [], "its plan was made on another stack");

    // Looked at again, it is the same, its rates now from the pairs.
    past::open(&scene.project, &scene.sender, experiment);
    scene.until("the past experiment", |model| model.facts.opened.is_some()).await;
    let opened = scene.model.facts.opened.as_ref().unwrap();
    assert_eq!(opened.trials[0].pairs.len(), 5);
    assert_eq!(opened.trials[0].rates[1].last(), Some(35_000.0));
    assert!(opened.has_ended());
    past::workloads(&scene.project, &scene.sender, id("T003"), experiment);
    scene
        .until("the workloads", |model| {
            model.facts.rows.iter().any(|row| row.entry.id == id("T003") && !row.progress.workloads.is_empty())
        })
        .await;
    let row = scene.model.facts.rows.iter().find(|row| row.entry.id == id("T003")).unwrap();
    let (a, b) = row.progress.workloads[0].means.unwrap();
    assert!((a - 7_050.0).abs() < 1.0 && (b - 35_500.0).abs() < 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn statuses_agents_and_stops_arrive() {
    let mut scene = Scene::new();
    let mut store = Store::open(&scene.project).await.unwrap();
    scene.follow();
    store.set_status(&id("T002"), Status::Blocked, "waits for B002", "ann", false).await.unwrap();
    scene.until("the status", |model| model.facts.rows[1].progress.status == Status::Blocked).await;
    assert_eq!(scene.model.facts.rows[1].progress.reason.as_deref(), Some("waits for B002"));
    store.set_agent(6, AgentState::NeedsInput, Some(&id("T002")), "asks for a review", "agent").await.unwrap();
    scene.until("the agent", |model| model.facts.agents[3].status == "Needs Input").await;
    let experiment = store.open(&plan(), false).await.unwrap().id;
    scene.until("the experiment", |model| model.facts.running.is_some()).await;
    store.record(experiment, &Event::Stopped { reason: "interrupted".to_owned() }).await.unwrap();
    scene.until("the stop", |model| model.facts.running.is_none()).await;
    assert_eq!(scene.model.facts.past[0].end, Ending::Stopped("interrupted".to_owned()));
    scene.model.screen = Screen::Lab;
    let effects = update(&mut scene.model, Msg::Store(Ok(Box::default())));
    assert_eq!(effects, Vec::<Effect>::new(), "nothing to open in an empty past");
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_of_both_arms_arrive_and_are_read() {
    let mut scene = Scene::new();
    let mut store = Store::open(&scene.project).await.unwrap();
    scene.follow();
    let experiment = store.open(&plan(), false).await.unwrap().id;
    let captured = |side, kind: &str, folded: &str| Event::Profiled {
        side,
        kind: kind.to_owned(),
        folded: folded.to_owned(),
        samples: 100,
        cpu: Duration::from_millis(100),
        measured: Some(Duration::from_millis(100)),
        period: Some(Duration::from_millis(1)),
        weight: None,
        ops: 1_000,
    };
    store.record(experiment, &captured(Side::A, "cpu", "run;sync 60\nrun;work 40\n")).await.unwrap();
    store.record(experiment, &captured(Side::A, "wait", "tpcc;fsync 60\n")).await.unwrap();
    store.record(experiment, &captured(Side::B, "cpu", "run;sync 5\nrun;work 40\n")).await.unwrap();
    store.record(experiment, &Event::Stopped { reason: "enough".to_owned() }).await.unwrap();
    let kinds = |model: &Model| model.facts.profiled.iter().map(|found| found.kinds.clone()).collect::<Vec<_>>();
    // Waiting was profiled in one arm only.
    scene.until("the profile", |model| kinds(model) == [[(Kind::Cpu, 2)]]).await;
    let key = scene.model.wanted_profile().unwrap();
    scene.model.profile.asked = Some(key.clone());
    profiled::read(&scene.project, &scene.sender, key.clone());
    scene.until("its trees", |model| model.shown_profile().is_some()).await;
    let facts = scene.model.shown_profile().unwrap();
    let sync = facts.flame.spot(facts.flame.dearest("sync").unwrap()).unwrap();
    assert_eq!(sync.cost.map(f64::round), [60_000.0, 5_000.0]);
    profiled::pictures(&scene.project, &scene.sender, key);
    scene.until("the pictures", |model| model.overlay.is_some()).await;
    assert!(scene.project.profiles_dir().join("T003/1/diff.cpu.svg").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_read_is_told_and_tried_again() {
    let mut scene = Scene::new();
    std::fs::create_dir_all(scene.project.tracking_dir()).unwrap();
    std::fs::write(scene.project.store_file(), "this is no database, whatever its name says; it is long enough")
        .unwrap();
    scene.follow();
    scene.until("the complaint", |model| matches!(model.facts.store, crate::tui::facts::Load::Failed(_))).await;
    std::fs::remove_file(scene.project.store_file()).unwrap();
    let store = Store::open(&scene.project).await.unwrap();
    store.set_status(&id("T002"), Status::Cancelled, "given up", "ann", false).await.unwrap();
    scene.until("the mended store", |model| model.facts.rows[1].progress.status == Status::Cancelled).await;
}

#[test]
fn a_standing_follows_the_pair_it_was_drawn_from() {
    use crate::tracking::{PairFact, StandingFact};
    let at = super::fixtures::now();
    let pair = events(1).into_iter().find_map(|(_, event)| match event {
        Event::Pair(pair) => Some(*pair),
        _ => None,
    });
    let pair: Pair = pair.unwrap();
    let standing = super::fixtures::standing(1, 0.1, 0.1);
    let pairs = vec![PairFact { row: 1, at, pair }];
    let order = past::in_order(pairs, vec![StandingFact { row: 1, at, workload: 0, standing }]);
    assert!(matches!(order[0].1, Event::Pair(_)) && matches!(order[1].1, Event::Standing { .. }));
}
