//! Tests that hold for both variants of a part, here and in what is built on the engine. The tools for such tests are a
//! crate of their own, `engine-testing`, which no build that is measured needs.
//!
//! *Planted bugs.* A suite that never fails proves nothing, so the engine contains bugs on purpose, each behind
//! `cfg!(planted = "name")`, which no build sets but `engine/planted.sh`: that builds the engine once per bug and expects a
//! named test to fail. `grep -rn 'planted =' engine/src engine/parts/src` lists them.
//!
//! [`on_both_logs!`](crate::on_both_logs) runs a test on either log, [`with_both_flushers!`](crate::with_both_flushers) with
//! either way to write pages.

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
