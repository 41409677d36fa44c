//! Where a fact came from that this store did not record itself.

use jiff::Timestamp;
use serde::Serialize;

/// The file that brought it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// When it was imported.
    pub imported_at: Timestamp,
    /// Digest of the file's evidence.
    pub document: String,
    /// The file's name then.
    pub file: String,
}
