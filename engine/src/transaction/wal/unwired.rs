//! Holds the place of the log until the first implementation lands: no value of it can exist.

use std::io::IoSlice;

use super::{CommitLog, CommitWait, Durability, WalError};
use crate::io::{DurableHorizon, IoError, Lsn, Span};

/// No log.
#[derive(Debug)]
pub enum Unwired {}

impl DurableHorizon for Unwired {
    fn durable(&self) -> Lsn {
        match *self {}
    }

    fn ensure_durable(&self, _lsn: Lsn) -> Result<(), IoError> {
        match *self {}
    }
}

impl CommitLog for Unwired {
    fn append(&self, _parts: &[IoSlice<'_>]) -> Result<Span, WalError> {
        match *self {}
    }

    fn commit(&self, _end: Lsn) -> Result<CommitWait, WalError> {
        match *self {}
    }

    fn tail(&self) -> Lsn {
        match *self {}
    }

    fn wait(&self, _lsn: Lsn) -> Result<(), WalError> {
        match *self {}
    }

    fn nudge(&self) {
        match *self {}
    }

    fn sync_to(&self, _lsn: Lsn) -> Result<(), WalError> {
        match *self {}
    }

    fn recycle_below(&self, _lsn: Lsn) -> Result<(), WalError> {
        match *self {}
    }

    fn poison(&self, _cause: IoError) {
        match *self {}
    }

    fn releases_locks_early(&self) -> bool {
        match *self {}
    }

    fn durability(&self) -> Durability {
        match *self {}
    }
}
