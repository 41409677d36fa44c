//! Building both arms, each at most once.
//!
//! ```text
//!   sources (also what is not committed) ──▶ tree digest ─┐
//!   features, profile, toolchain, flags ──────────────────┴─▶ key ──▶ builds/<key>/{driver, layout-1 …, build.json}
//!                                                                          │ hashed on every use: what does not
//!                                                                          ▼ match is thrown away and built again
//!                                                                       Launch: the driver must say the tree digest
//! ```
//!
//! Arms of the same sources share one Cargo target directory: what does not see the feature is compiled once. Those of other
//! [places](Place) never do. Arms are built one after
//! the other; beside them, in the profile of the tests and so in another corner of that directory, their tests are built
//! and run, since the last crates of a build leave a core idle ([`Lane`]). The tree digest is in the environment as `WB_SRC` and compiled into the
//! driver, so that a binary which Cargo's own freshness check failed to rebuild is refused, not measured.

mod arms;
mod cache;
mod cargo;
mod gate;
mod lane;
mod layouts;
mod manifest;
mod place;
mod together;
mod tree;

pub use arms::{Arms, prepare, prepare_at};
pub use cache::{Cache, Entry};
pub use gate::pass_tests;
pub use lane::Lane;
pub use manifest::{Base, Manifest, Package};
pub use place::Place;
pub use together::{Together, compile_together};
pub use tree::{Tree, digest_now, sha256_file};
