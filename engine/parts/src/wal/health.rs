//! Whether the log still works. It stops working once and for good.
//!
//! After a failed write or sync nobody knows what is on disk, and Linux forgets the failure with the first
//! report of it; a retry that succeeds proves nothing. So the first failure is kept and repeated to every later
//! caller, until the database is opened again and recovery reads what is really there.

use super::WalError;
use crate::io::IoError;
use crate::sync::OnceLock;

/// The first failure, if there was one.
#[derive(Debug, Default)]
pub(super) struct Health(OnceLock<IoError>);

impl Health {
    /// Fails if the log has failed.
    #[inline]
    pub(super) fn check(&self) -> Result<(), WalError> {
        match self.0.get() {
            None => Ok(()),
            Some(cause) => Err(WalError::Poisoned(cause.clone())),
        }
    }

    pub(super) fn failed(&self) -> bool {
        self.0.get().is_some()
    }

    /// Records a failure and returns the error to report. Only the first is kept.
    pub(super) fn poison(&self, cause: IoError) -> WalError {
        WalError::Poisoned(self.0.get_or_init(|| cause).clone())
    }
}
