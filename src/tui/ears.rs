//! What the terminal sends, heard by one thread for as long as the interface runs.
//!
//! Not crossterm's `EventStream`: a second one, made when the terminal comes back from an editor or the shell, waits for the reader's
//! lock, which the first one's thread may keep for ever (dropping a stream wakes its thread once, and the new stream may be the one that wakes).

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crossterm::event::{Event, poll, read};
use ratatui::layout::Size;
use tokio::sync::mpsc::UnboundedSender;

use super::msg::Msg;

/// How long the thread waits for the terminal before it looks whether it is still to listen: the longest wait of who wants it deaf.
const LOOKS_EVERY: Duration = Duration::from_millis(100);

/// The listening thread. It ends with the process, or when nobody takes what it hears.
pub(super) struct Ears {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    hearing: Mutex<Hearing>,
    changed: Condvar,
}

#[derive(Default)]
struct Hearing {
    /// Somebody else is to have what is typed.
    covered: bool,
    /// The thread has noticed.
    deaf: bool,
}

impl Ears {
    /// Begins to listen. From the return on no change of the terminal's size is missed.
    pub(super) fn prick(sender: UnboundedSender<Msg>) -> Self {
        // The first look asks the system for the signal of such changes: before the thread gets a processor, one could come and go
        // unnoticed. What is wrong with the terminal the thread will find out, too.
        let _ = poll(Duration::ZERO);
        let shared = Arc::new(Shared::default());
        let heard = Arc::clone(&shared);
        thread::spawn(move || {
            loop {
                heard.wait_while_covered();
                if !hear(&sender) {
                    break;
                }
            }
            // Nobody waits for a thread that is gone.
            heard.lock().deaf = true;
            heard.changed.notify_all();
        });
        Self { shared }
    }

    /// Does something during which what is typed belongs to somebody else.
    pub(super) fn covered<T>(&self, during: impl FnOnce() -> T) -> T {
        let mut hearing = self.shared.lock();
        hearing.covered = true;
        drop(self.shared.changed.wait_while(hearing, |hearing| !hearing.deaf));
        let done = during();
        self.shared.lock().covered = false;
        self.shared.changed.notify_all();
        done
    }
}

impl Shared {
    fn wait_while_covered(&self) {
        let mut hearing = self.lock();
        while hearing.covered {
            hearing.deaf = true;
            self.changed.notify_all();
            hearing = self.changed.wait(hearing).unwrap_or_else(PoisonError::into_inner);
        }
        hearing.deaf = false;
    }

    fn lock(&self) -> MutexGuard<'_, Hearing> {
        self.hearing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hears one event, or nothing for a while; `false` when there is nothing more to hear, or nobody to tell.
fn hear(sender: &UnboundedSender<Msg>) -> bool {
    let event = match poll(LOOKS_EVERY) {
        Ok(true) => read(),
        Ok(false) => return !sender.is_closed(),
        Err(error) => Err(error),
    };
    let msg = match event {
        Ok(Event::Key(key)) => Msg::Key(key),
        Ok(Event::Mouse(mouse)) => Msg::Mouse(mouse),
        Ok(Event::Paste(text)) => Msg::Paste(text),
        Ok(Event::Resize(width, height)) => Msg::Resize(Size { width, height }),
        Ok(Event::FocusGained | Event::FocusLost) => return true,
        Err(_) => Msg::TerminalGone,
    };
    let goes_on = !matches!(msg, Msg::TerminalGone);
    sender.send(msg).is_ok() && goes_on
}
