//! Folded stacks and durations as they go over the wire.

use std::collections::BTreeMap;
use std::time::Duration;

/// `stack count` lines, sorted by stack, so that equal profiles are equal files.
pub(super) fn lines(stacks: &BTreeMap<String, u64>) -> String {
    stacks.iter().filter(|(_, count)| **count > 0).map(|(stack, count)| format!("{stack} {count}\n")).collect()
}

/// Duration in whole ns.
pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
