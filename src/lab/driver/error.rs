//! What drivers do wrong.

use std::fmt;
use std::process::ExitStatus;
use std::time::Duration;

use miette::Diagnostic;
use thiserror::Error;

use crate::lab::experiment::Side;

/// A driver did not do what it was asked.
#[derive(Debug, Error)]
#[error("arm {side} {fault} while asked to {command}{}", last_words(stderr))]
pub struct DriverError {
    /// Which arm.
    pub side: Side,
    /// What it was asked to do, for people.
    pub command: String,
    /// What it did instead.
    pub fault: Fault,
    /// The last lines of its stderr.
    pub stderr: Vec<String>,
}

/// What a driver did instead of answering.
#[derive(Debug)]
pub enum Fault {
    /// It could not be started.
    NotStarted(std::io::Error),
    /// It said nothing for so long.
    Silent(Duration),
    /// It ended.
    Died(ExitStatus),
    /// KILL ended it, which no program does to itself by mistake: the kernel for want of memory, or somebody.
    Killed,
    /// It closed its output and went on running.
    Mute,
    /// It printed something that is no event.
    Garbage {
        /// The line, shortened.
        line: String,
        /// Why it is none.
        why: String,
    },
    /// It printed a line without end.
    Endless {
        /// The bound, bytes.
        limit: usize,
    },
    /// It gave the answer to another question.
    WrongEvent {
        /// Its name.
        event: &'static str,
    },
    /// It said that it cannot.
    Refused(probe::protocol::Failure),
    /// It speaks another version of the protocol.
    OtherProtocol {
        /// Its version.
        theirs: u32,
    },
    /// It was built from other sources than asked for.
    OtherSource {
        /// The digest that was asked for.
        wanted: String,
        /// The digest it has.
        has: Option<String>,
    },
    /// It has other features than asked for.
    OtherFeatures {
        /// The improvement's feature.
        feature: String,
        /// Whether it should be on.
        wanted: bool,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStarted(error) => write!(f, "could not be started ({error})"),
            Self::Silent(limit) => write!(f, "said nothing for {:.0} s", limit.as_secs_f64()),
            Self::Died(status) => write!(f, "died ({status})"),
            Self::Killed => f.write_str("was killed (SIGKILL)"),
            Self::Mute => f.write_str("closed its output"),
            Self::Garbage { line, why } => write!(f, "printed what is no event of the protocol (`{line}`: {why})"),
            Self::Endless { limit } => write!(f, "printed a line of more than {} MiB", limit >> 20),
            Self::WrongEvent { event } => write!(f, "answered with `{event}`"),
            Self::Refused(failure) => write!(f, "refused ({failure})"),
            Self::OtherProtocol { theirs } => {
                write!(f, "speaks version {theirs} of the protocol, not {}", probe::protocol::VERSION)
            }
            Self::OtherSource { wanted, has } => match has {
                Some(has) => write!(f, "was built from the sources {has}, not {wanted}"),
                None => write!(f, "does not say from which sources it was built (asked for {wanted})"),
            },
            Self::OtherFeatures { feature, wanted: true } => write!(f, "does not have the feature `{feature}`"),
            Self::OtherFeatures { feature, wanted: false } => write!(f, "has the feature `{feature}`"),
        }
    }
}

impl DriverError {
    /// Whether the measured program failed, as opposed to the set-up around it.
    pub fn is_failure_of_the_arm(&self) -> bool {
        match &self.fault {
            Fault::Silent(_) | Fault::Died(_) | Fault::Mute | Fault::Garbage { .. } | Fault::Endless { .. } => true,
            // It cannot go on: a panic in it, or the program died that it measures.
            Fault::Refused(failure) => failure.fatal,
            // Nothing is known of it but that it was not let finish: that refutes no claim, and proves none.
            Fault::Killed
            | Fault::NotStarted(_)
            | Fault::WrongEvent { .. }
            | Fault::OtherProtocol { .. }
            | Fault::OtherSource { .. }
            | Fault::OtherFeatures { .. } => false,
        }
    }
}

impl Diagnostic for DriverError {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new("lab::driver"))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = match &self.fault {
            Fault::NotStarted(_) => "remove the arm from tracking/lab/builds, so that it is built again".to_owned(),
            Fault::Silent(_) => "a driver must show a sign of life while it loads, and end its slices; \
                                 `lab.answer_limit_s` in workbench.yaml is the limit"
                .to_owned(),
            Fault::Killed => {
                "when memory ran out the kernel's log says so (`dmesg`); finished pairs are kept: go on with `--resume`"
                    .to_owned()
            }
            Fault::Died(_) | Fault::Mute => "repeat it by hand: start the driver and type the commands".to_owned(),
            Fault::Garbage { .. } | Fault::Endless { .. } | Fault::WrongEvent { .. } => {
                "stdout carries one JSON event a line and nothing else; logs belong on stderr".to_owned()
            }
            Fault::Refused(failure) if !failure.remedy.is_empty() => failure.remedy.clone(),
            Fault::Refused(_) => "compare the improvement's workload and params with `{\"cmd\":\"hello\"}`".to_owned(),
            Fault::OtherProtocol { .. } => "build the driver with this workbench's `probe`".to_owned(),
            Fault::OtherSource { .. } => "the driver must report `option_env!(\"WB_SRC\")` as its source; a stale \
                                          binary is never measured"
                .to_owned(),
            Fault::OtherFeatures { .. } => "the driver's features must be passed through to what they switch; see \
                                            `target.feature_prefix` in workbench.yaml"
                .to_owned(),
        };
        Some(Box::new(help))
    }
}

fn last_words(stderr: &[String]) -> String {
    let lines: String = stderr.iter().map(|line| format!("\n  │ {line}")).collect();
    if lines.is_empty() { lines } else { format!("; its last words:{lines}") }
}
