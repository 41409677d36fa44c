//! In the place of `alloc_profile.rs` when the crate is built without its sampler: says so, and nothing else.

use super::cpu_profile::ProfileError;
use crate::protocol::FoldedProfile;

/// No value of it exists.
#[derive(Debug)]
pub enum AllocProfile {}

impl AllocProfile {
    /// Refuses.
    pub fn start() -> Result<Self, ProfileError> {
        Err(ProfileError::NoSampler)
    }

    /// Never called: nothing can be started.
    pub fn stop(self) -> Result<FoldedProfile, ProfileError> {
        match self {}
    }
}
