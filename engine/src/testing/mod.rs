//! Tools for tests of the engine, and of what is built on it. Nothing in the engine uses them.
//!
//! *Planted bugs.* A suite that never fails proves nothing, so the engine contains bugs on purpose, each behind
//! `cfg!(planted = "name")`, which no build sets but `engine/planted.sh`: that builds the engine once per bug and expects a
//! named test to fail. `grep -rn 'planted =' engine/src` lists them.
//!
//! [`crash`] runs a workload on the simulated disk and opens every state in which a power cut may leave it. [`history`] judges
//! what concurrent transactions saw. [`random`] is what tests draw from, [`on_both_logs!`](crate::on_both_logs) runs a test on
//! either log, [`with_both_flushers!`](crate::with_both_flushers) with either way to write pages.

pub mod crash;
pub mod history;
pub mod random;

/// Tests that hold for either log: each `case` is a function generic in its [`CommitLog`](crate::transaction::wal::CommitLog),
/// and becomes the two tests `serial::case` and `grouped::case`.
#[macro_export]
macro_rules! on_both_logs {
    ($($case:ident)+) => {
        mod serial {
            $(#[test] fn $case() { super::$case::<$crate::transaction::wal::serial::SerialLog>(); })+
        }
        mod grouped {
            $(#[test] fn $case() { super::$case::<$crate::transaction::wal::grouped::GroupedLog>(); })+
        }
    };
}

/// Tests that hold for either way to write pages: each `case` is a function generic in its
/// [`Flusher`](crate::buffer::flush::Flusher), and becomes the two tests `sharp::case` and `paced::case`.
#[macro_export]
macro_rules! with_both_flushers {
    ($($case:ident)+) => {
        mod sharp {
            $(#[test] fn $case() { super::$case::<$crate::buffer::flush::sharp::Sharp>(); })+
        }
        mod paced {
            $(#[test] fn $case() { super::$case::<$crate::buffer::flush::paced::Paced>(); })+
        }
    };
}
