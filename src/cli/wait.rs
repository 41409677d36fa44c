//! What all commands that measure have in common: waiting for the machine, being interrupted, and their exit code.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::signal::unix::{SignalKind, signal};

use super::{Exit, Failure};
use crate::lab::LabError;
use crate::lab::recorder::Interrupt;
use crate::machine::Patience;

/// How long to wait for the machine.
#[derive(Debug, clap::Args)]
pub struct Wait {
    /// Wait while somebody else measures on this machine, at most so long (`10m`), instead of ending with exit code 75
    #[arg(
        long = "wait",
        value_name = "LIMIT",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = FOR_EVER,
        value_parser = limit
    )]
    wait: Option<Patience>,
}

/// `--wait` without a limit.
const FOR_EVER: &str = "for ever";

impl Wait {
    /// How long.
    pub fn patience(&self) -> Patience {
        self.wait.unwrap_or(Patience::None)
    }
}

/// `10m`, `1h 30m`, `90 s`.
fn limit(text: &str) -> Result<Patience, String> {
    if text == FOR_EVER {
        return Ok(Patience::Endless);
    }
    let wrong = |reason: String| format!("{reason}; a limit is written like 90s, 10m or 1h");
    let limit: SignedDuration = text.parse().map_err(|error: jiff::Error| wrong(error.to_string()))?;
    Duration::try_from(limit).map(Patience::For).map_err(|_| wrong("it is negative".to_owned()))
}

/// Ctrl-C, TERM and HUP ask for a clean stop; a second one does not ask.
pub(super) fn interrupted_by_signals() -> miette::Result<Interrupt> {
    let (interrupter, interrupt) = Interrupt::new();
    let listen = |kind| signal(kind).map_err(|error| miette::miette!("cannot listen for signals: {error}"));
    let (mut int, mut term, mut hup) =
        (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?, listen(SignalKind::hangup())?);
    tokio::spawn(async move {
        for count in 0.. {
            tokio::select! {
                _ = int.recv() => {}
                _ = term.recv() => {}
                _ = hup.recv() => {}
            }
            if count > 0 {
                std::process::exit(i32::from(Exit::Failed.code()));
            }
            interrupter.interrupt();
        }
    });
    Ok(interrupt)
}

/// Why a measurement came to nothing, with its exit code: 75 where trying again later may help.
pub(super) fn failure(error: LabError) -> Failure {
    let exit = match (error.is_busy(), error.is_not_found()) {
        (true, _) => Exit::Busy,
        (false, true) => Exit::NotFound,
        (false, false) => Exit::Failed,
    };
    Failure::new(exit, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_durations() {
        assert_eq!(limit("10m"), Ok(Patience::For(Duration::from_secs(600))));
        assert_eq!(limit("1h 30m"), Ok(Patience::For(Duration::from_secs(5400))));
        assert_eq!(limit(FOR_EVER), Ok(Patience::Endless));
        for wrong in ["ten minutes", "10", "-5s", ""] {
            assert!(limit(wrong).is_err(), "{wrong}");
        }
    }
}
