//! The driver's half of the protocol: implement [`Driver`], call [`run`].
//!
//! * [`contract`](Driver): what a program has to say, six methods.
//! * [`conversation`](run): the loop. It never dies of a bad line, and always answers.
//! * [`cpu_profile`](CpuProfile): where CPU time goes, by a sampler of our own (`sampler/`), on Linux.
//! * [`alloc_profile`](AllocProfile): who asks for memory, where [`Allocations`] is the program's allocator.
//!   In `no_cpu_profile.rs` and `no_alloc_profile.rs` is what stands there without the feature `sampler`.
//! * [`params`](Settings): given parameters against the described ones, with suggestions.
//! * [`latency`](encode_latency): HdrHistogram on the wire. * [`usage`](cpu_ns): CPU time and memory.

#[cfg(feature = "sampler")]
mod alloc_profile;
#[cfg(not(feature = "sampler"))]
#[path = "no_alloc_profile.rs"]
mod alloc_profile;
mod contract;
mod conversation;
#[cfg(feature = "sampler")]
mod cpu_profile;
#[cfg(not(feature = "sampler"))]
#[path = "no_cpu_profile.rs"]
mod cpu_profile;
mod folded;
#[cfg(feature = "sampler")]
mod frames;
mod latency;
mod lines;
mod params;
#[cfg(feature = "sampler")]
mod sampler;
mod usage;

pub use alloc_profile::AllocProfile;
pub use contract::{Description, Driver, Measured, Waited};
pub use conversation::{Ending, converse, run};
pub use cpu_profile::{CpuProfile, MAX_HZ, ProfileError};
pub use latency::{LatencyError, decode_latency, encode_latency};
pub use params::{ParamError, Settings};
#[cfg(feature = "sampler")]
pub use sampler::Allocations;
pub use usage::{Heap, cpu_ns, heap, peak_memory_bytes, resident_memory_bytes};
