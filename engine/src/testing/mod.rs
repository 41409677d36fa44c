//! Tools for tests of the engine, and of what is built on it. Nothing in the engine uses them.
//!
//! [`crash`] runs a workload on the simulated disk and opens every state in which a power cut may leave it.

pub mod crash;
