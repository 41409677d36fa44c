//! The composition table: which implementation stands behind each improvement.
//!
//! Every `cfg(feature)` of the engine is in this file (a test greps the others). Both implementations of a
//! seam are always compiled, so neither can rot, and one test binary can run them side by side; a feature
//! only moves an alias. Code that must not care names the alias or is generic over the trait.

/// Each improvement of this build and whether it is on, in register order.
pub const ACTIVE: &[(&str, bool)] = &[("t003", cfg!(feature = "t003"))];
