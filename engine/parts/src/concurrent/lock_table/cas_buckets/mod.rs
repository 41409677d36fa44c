//! The optimized lock table: an uncontended row lock is one compare-and-swap on one word, and no more.
//!
//! ```text
//! rows    bucket ─ 64 bytes ─ eight words        a word: free
//!         bucket                                         held:     owner, mode, fingerprint of the row
//!         …                                              inflated: how many queue objects stand for it
//! tables  lane of a thread ─ sixteen words       a word: free, or owner, IS or IX, table
//!         …
//! shards  sixteen mutexes, each around the queue objects of its share of words and tables
//! ```
//! **Rows** ([`word`]). The hash of a row names a word and a fingerprint. Whoever finds the word free writes itself into it. Whoever
//! does not *inflates* it: under the shard's mutex the word is marked, what stood in it becomes the holder of a queue object,
//! and from then on everybody goes through the mutex, first come, first served, until the last one has left and the word is
//! free again. A holder that releases with a compare-and-swap learns from its failure that it has been inflated meanwhile.
//!
//! **A word has one owner, in any mode.** A count of sharers would not say who they are, and who waits for them must know
//! (deadlocks). The engine locks rows exclusively, so the second sharer of a row may pay for a queue object.
//!
//! **Collisions.** Word and fingerprint *are* the lock's name, in words and in queue objects alike: rows whose names
//! collide share one lock (33 bits: once in 10⁸ acquisitions with a hundred locks held). That can be a false conflict, but
//! never a false grant; and who holds one of them holds both, so nobody waits for itself. Another fingerprint in the same
//! word is no conflict, only an inflation.
//!
//! **Tables** ([`intents`]). Every writer intends to change rows, so one word per table would be what the mutex was. Each thread
//! has a lane of words in which its transactions note IS and IX. Who wants a table in a stronger mode first says so in a
//! counter that all look at after they have noted theirs, then collects what is noted in all lanes into the queue object
//! (PostgreSQL's fast-path locks). So either the collector finds the note, or its writer finds the counter.
//!
//! **Owners** stand in words with the low 40 bits of their id. Two running transactions never agree in these: 10¹²
//! transactions would have to begin while one is open.

mod intents;
mod table;
mod word;

pub use table::{CasBuckets, Geometry};
