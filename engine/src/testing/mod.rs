//! Tools for tests of the engine, and of what is built on it. Nothing in the engine uses them.
//!
//! *Planted bugs.* A suite that never fails proves nothing, so the engine contains bugs on purpose, each behind
//! `cfg!(planted = "name")`, which no build sets but `engine/planted.sh`: that builds the engine once per bug and expects a
//! named test to fail. `grep -rn 'planted =' engine/src` lists them.
//!
//! [`crash`] runs a workload on the simulated disk and opens every state in which a power cut may leave it.

pub mod crash;
