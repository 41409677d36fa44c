//! Tools for tests of the engine, and of what is built on it. They know of the engine only that it keeps [files](engine_files).
//!
//! [`crash`] runs a workload on the simulated disk and opens every state in which a power cut may leave it. [`history`] judges
//! what concurrent transactions saw. [`random`] is what tests draw from.

pub mod crash;
pub mod history;
pub mod random;
