//! Two things that Cargo does side by side: each has a lane in which it says what it is doing and what it has done.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::lab::journal::Event;

/// The reporting end of one of them. Nothing is lost when nobody listens any more: the work is about to be dropped.
#[derive(Debug, Clone)]
pub struct Lane {
    events: UnboundedSender<Event>,
    doing: Arc<Mutex<Doing>>,
}

/// What a lane is doing: a task, and the latest line that Cargo has said of it.
#[derive(Debug, Default)]
struct Doing {
    task: String,
    line: String,
}

impl Lane {
    /// So many lanes, and where their events arrive.
    pub fn several<const N: usize>() -> ([Self; N], UnboundedReceiver<Event>) {
        let (events, arriving) = unbounded_channel();
        let lane = |_| Self { events: events.clone(), doing: Arc::default() };
        (std::array::from_fn(lane), arriving)
    }

    /// An event to be recorded.
    pub fn tell(&self, event: Event) {
        let _ = self.events.send(event);
    }

    /// Begins a task: told now, and named in every sign of life until the next begins.
    pub(super) fn begin(&self, task: String, detail: &str) {
        self.tell(Event::Progress { note: format!("{task} ({detail})") });
        *self.doing() = Doing { task, line: String::new() };
    }

    /// Nothing is under way in this lane.
    pub(super) fn rest(&self) {
        *self.doing() = Doing::default();
    }

    /// The latest line.
    pub(super) fn line(&self, line: &str) {
        line.trim().clone_into(&mut self.doing().line);
    }

    /// What all of them are doing, for a sign of life.
    pub fn all(lanes: &[Self]) -> String {
        let busy = lanes.iter().map(|lane| lane.doing().shown()).filter(|shown| !shown.is_empty());
        busy.collect::<Vec<_>>().join(" · ")
    }

    fn doing(&self) -> std::sync::MutexGuard<'_, Doing> {
        self.doing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Doing {
    fn shown(&self) -> String {
        if self.line.is_empty() { self.task.clone() } else { format!("{}: {}", self.task, self.line) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_that_rest_say_nothing() {
        let (lanes, mut events) = Lane::several::<2>();
        assert_eq!(Lane::all(&lanes), "");
        lanes[0].begin("building arm A".to_owned(), "no features");
        lanes[1].begin("testing arm A".to_owned(), "no features");
        lanes[1].line("   test one ... ok\n");
        assert_eq!(Lane::all(&lanes), "building arm A · testing arm A: test one ... ok");
        lanes[0].rest();
        assert_eq!(Lane::all(&lanes), "testing arm A: test one ... ok");
        assert_eq!(events.try_recv().unwrap(), Event::Progress { note: "building arm A (no features)".to_owned() });
    }
}
