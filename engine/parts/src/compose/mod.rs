//! A001 — composition: how the engine holds those of its parts that can be exchanged.
//!
//! *Problem.* The log, the lock table, the page table … are each one of several implementations of a trait, and only the
//! composition root (`select`, in the engine) shall know which. Whoever uses a part must get to it without knowing.
//!
//! *Baseline* ([`object`]): every part is a trait object, as one first composes a system of exchangeable parts. A call goes
//! through a table of functions, and nothing is inlined across it.
//! *Optimized* ([`direct`]): the root is a table of types. Whoever uses a part holds the implementation itself, by value, and
//! the compiler sees through every call.
//!
//! ```text
//!                    select: B002 is AtomicArray
//!                        │
//!   object   Residents ──┴─▶ Box<dyn PageTable> ──▶ functions of AtomicArray ──▶ AtomicArray
//!   direct   Residents { table: AtomicArray }
//! ```
//!
//! *When it wins.* On short calls that are made all the time: a look-up in the page table is two loads, which a call through
//! a table of functions doubles. In all it is 2 % of the instructions of a transaction (cachegrind, the mix of `workload
//! relay`), which is less than two runs on the same machine differ. *What it costs.* The engine is compiled anew for every
//! choice, and no choice can be made at run time. So what is asked rarely is an object in both variants, and tests choose
//! it: the disk ([`Vfs`](crate::io::Vfs)) and the flusher (`buffer::flush`).
//!
//! *Why it is correct.* An [`Object`] passes calls on and keeps no state; the contract tests of every seam run over it too.
//!
//! What users of a part may name is its trait and its alias in `select`, in either variant. That is the modularity that A001
//! is about, and no flag: `tests/layers` reads the sources and accepts no arrow upwards and no cycle.

pub mod direct;
pub mod object;

pub use object::Object;

/// A way to hold the exchangeable parts.
pub trait Composition {
    /// How a part is held that is a `V` and of which nobody need know more than that it is an `O`.
    type Held<V, O: ?Sized>;
}
