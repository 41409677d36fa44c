//! The laboratory: two arms built, driven in lock-step, compared by a rule that may be looked at any time.
//!
//! Start at [`experiment`]: the words and the facts. The lab writes facts through [`journal::Journal`] and knows
//! nothing of how they are kept.

pub mod experiment;
pub mod journal;
pub mod stats;
pub mod verdict;
