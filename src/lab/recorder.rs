//! Where events go while an experiment runs: first into the journal, then to whoever looks on.

use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::watch;

use super::LabError;
use super::experiment::ExperimentId;
use super::journal::{Event, Journal, Stage};

/// Nothing stays silent for longer than this.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// Somebody's wish that the experiment stop. Cloned freely; `false` until it is wished.
#[derive(Debug, Clone)]
pub struct Interrupt(watch::Receiver<bool>);

/// The other end of an [`Interrupt`].
#[derive(Debug)]
pub struct Interrupter(watch::Sender<bool>);

impl Interrupt {
    /// Both ends.
    pub fn new() -> (Interrupter, Self) {
        let (sender, receiver) = watch::channel(false);
        (Interrupter(sender), Self(receiver))
    }

    /// Nobody will wish it: a signal ends the process.
    pub fn never() -> Self {
        Self::new().1
    }

    /// Whether the stop is wished by now.
    pub fn is_wished(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when the stop is wished; never, when whoever could wish it has gone.
    pub(super) async fn wished(&mut self) {
        if self.0.wait_for(|wished| *wished).await.is_err() {
            std::future::pending().await
        }
    }
}

impl Interrupter {
    /// Wishes that the experiment stop.
    pub fn interrupt(&self) {
        // Nobody listens any more: it has stopped.
        let _ = self.0.send(true);
    }
}

/// Takes events. What the lab's stages report through, so that each can be tested without a journal.
pub trait Sink {
    /// Records one event; returns when it is durable.
    fn emit(&mut self, event: Event) -> impl Future<Output = Result<(), LabError>>;

    /// Waits for `work` with a sign of life every few seconds, worded by `what`, unless a stop is wished first: then `work` is dropped,
    /// and with it every process it owns.
    fn watch<T>(
        &mut self,
        what: impl Fn() -> String,
        work: impl Future<Output = T>,
    ) -> impl Future<Output = Result<T, LabError>>;

    /// Like [`Sink::watch`]; meanwhile, and to the last of them, events that `work` sends are taken.
    fn gather<T>(
        &mut self,
        what: impl Fn() -> String,
        events: UnboundedReceiver<Event>,
        work: impl Future<Output = T>,
    ) -> impl Future<Output = Result<T, LabError>>;
}

/// Where a recorder writes down what happens.
pub trait Notary {
    /// What can happen: at least what happens to every work of the lab.
    type Event: From<Event>;

    /// Writes an event down; returns when it is durable.
    fn note(&mut self, event: &Self::Event) -> impl Future<Output = Result<(), LabError>>;
}

/// The notary of an experiment.
#[derive(Debug)]
pub struct OfExperiment<'a, J> {
    journal: &'a mut J,
    id: ExperimentId,
}

/// The sink of real work: events are written down, then shown.
pub struct Recorder<'a, N: Notary> {
    notary: N,
    observe: &'a mut (dyn FnMut(&N::Event) + Send),
    interrupt: Interrupt,
    deadline: (tokio::time::Instant, u64),
    /// When something was last said.
    said: tokio::time::Instant,
}

impl<'a, J: Journal> OfExperiment<'a, J> {
    /// What happens to `id` goes to `journal`.
    pub fn new(journal: &'a mut J, id: ExperimentId) -> Self {
        Self { journal, id }
    }
}

impl<J: Journal> Notary for OfExperiment<'_, J> {
    type Event = Event;

    async fn note(&mut self, event: &Event) -> Result<(), LabError> {
        let recorded = self.journal.record(self.id, event).await;
        recorded.map_err(|error| LabError::Journal(error.to_string()))
    }
}

impl<'a, N: Notary> Recorder<'a, N> {
    /// Events go to `notary`, then to `observe`. The work may last `limit_s` seconds from now.
    pub fn new(notary: N, observe: &'a mut (dyn FnMut(&N::Event) + Send), interrupt: Interrupt, limit_s: u64) -> Self {
        let now = tokio::time::Instant::now();
        let deadline = (now + Duration::from_secs(limit_s), limit_s);
        Self { notary, observe, interrupt, deadline, said: now }
    }

    /// Writes down an event, then shows it.
    pub async fn record(&mut self, event: N::Event) -> Result<(), LabError> {
        self.notary.note(&event).await?;
        (self.observe)(&event);
        self.said = tokio::time::Instant::now();
        Ok(())
    }

    /// A new stage.
    pub async fn stage(&mut self, stage: Stage, note: impl Into<String>) -> Result<(), LabError> {
        self.emit(Event::Stage { stage, note: note.into() }).await
    }
}

impl<N: Notary> Sink for Recorder<'_, N> {
    async fn emit(&mut self, event: Event) -> Result<(), LabError> {
        self.record(event.into()).await
    }

    async fn watch<T>(&mut self, what: impl Fn() -> String, work: impl Future<Output = T>) -> Result<T, LabError> {
        let (_, nothing) = unbounded_channel();
        self.gather(what, nothing, work).await
    }

    async fn gather<T>(
        &mut self,
        what: impl Fn() -> String,
        mut events: UnboundedReceiver<Event>,
        work: impl Future<Output = T>,
    ) -> Result<T, LabError> {
        let started = Instant::now();
        let (mut interrupt, deadline) = (self.interrupt.clone(), self.deadline);
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                () = interrupt.wished() => return Err(LabError::Interrupted),
                Some(event) = events.recv() => self.emit(event).await?,
                done = &mut work => {
                    while let Ok(event) = events.try_recv() {
                        self.emit(event).await?;
                    }
                    return Ok(done);
                }
                () = tokio::time::sleep_until(deadline.0) => return Err(LabError::OutOfTime { seconds: deadline.1 }),
                // Counted from the last word, whoever said it: many short waits are not silent either.
                () = tokio::time::sleep_until(self.said + HEARTBEAT) => {
                    let note = match started.elapsed().as_secs() {
                        0 => what(),
                        seconds => format!("{}, {seconds} s", what()),
                    };
                    self.emit(Event::Progress { note }).await?;
                }
            }
        }
    }
}
