//! In the place of `cpu_profile.rs` when the crate is built without its sampler: says so, and nothing else.

use crate::protocol::FoldedProfile;

/// The rate that is asked for when the request names none.
pub const MAX_HZ: u32 = 249;

/// Profiling could not start.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// There is no sampler.
    #[error("this driver has no sampler")]
    NoSampler,
}

/// No value of it exists.
#[derive(Debug)]
pub enum CpuProfile {}

impl CpuProfile {
    /// Refuses.
    pub fn start(_hz: u32) -> Result<Self, ProfileError> {
        Err(ProfileError::NoSampler)
    }

    /// Never called: nothing can be started.
    pub fn stop(self) -> Result<FoldedProfile, ProfileError> {
        match self {}
    }
}
