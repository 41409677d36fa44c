//! Queue objects: who holds a lock and who waits for it, first come, first served.
//!
//! ```text
//! heads:   key → [ holders (owner, mode)… | queue (owner, mode, slot)… ]
//! waiting: owner → key                       (at most one each: a transaction waits in one place)
//! ```
//! A head exists while somebody holds or wants the lock through it. All of this is guarded by a mutex of whoever owns the
//! queues; only a waiter's [`Slot`] is reached from outside.

use std::collections::VecDeque;
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::id::Hashed;
use super::{Mode, OwnerId, WaitGraph};
use crate::sync::{Condvar, Mutex};

/// See the [module](self). `K` names a lock.
#[derive(Debug)]
pub(super) struct Queues<K> {
    heads: HashMap<K, Head, Hashed>,
    waiting: HashMap<OwnerId, K, FixedState>,
}

/// Nobody stands in `others` or `queue` of a head without a `holder`.
#[derive(Debug, Default)]
struct Head {
    holder: Option<(OwnerId, Mode)>,
    others: Vec<(OwnerId, Mode)>,
    queue: VecDeque<Request>,
}

#[derive(Debug)]
struct Request {
    owner: OwnerId,
    /// What the owner will hold once granted: for an upgrade, the join.
    mode: Mode,
    upgrade: bool,
    slot: Arc<Slot>,
}

/// What became of a request.
#[derive(Debug)]
pub(super) enum Answer {
    /// Granted to an owner that did not have the lock.
    New,
    /// Granted to an owner that had it, in this mode or a weaker one.
    Held,
    /// In the queue.
    Queued {
        /// Where to sleep.
        slot: Arc<Slot>,
        /// Whether the owner has the lock in a weaker mode.
        upgrade: bool,
    },
}

/// What is left of a head that somebody left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// Nobody: it is gone.
    Nobody,
    /// Somebody.
    Somebody,
}

/// Where a waiter sleeps: on a mutex of its own, so that nobody who wakes up wants the queues' one.
#[derive(Debug)]
pub(super) struct Slot {
    wake: Condvar,
    fate: Mutex<Fate>,
}

/// How a wait stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// In the queue.
    Waiting,
    /// The lock is the waiter's.
    Granted,
    /// Out of the queue, without the lock.
    Victim,
}

impl<K: Copy + Eq + Hash> Queues<K> {
    /// Grants a request or puts it into its queue.
    pub(super) fn request(&mut self, owner: OwnerId, key: K, mode: Mode) -> Answer {
        let head = match self.heads.entry(key) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                entry.insert(Head { holder: Some((owner, mode)), ..Head::default() });
                return Answer::New;
            }
        };
        let held = head.mode_of(owner);
        let wanted = held.map_or(mode, |held| held.join(mode));
        if held == Some(wanted) {
            return Answer::Held;
        }
        // A holder's upgrade may pass the queue: everybody there waits for it anyhow.
        let upgrade = held.is_some();
        if (upgrade || head.queue.is_empty()) && head.allows(owner, wanted) {
            head.grant(owner, wanted);
            return if upgrade { Answer::Held } else { Answer::New };
        }
        let slot = Arc::new(Slot { wake: Condvar::new(), fate: Mutex::new(Fate::Waiting) });
        let request = Request { owner, mode: wanted, upgrade, slot: Arc::clone(&slot) };
        let at =
            if upgrade { head.queue.iter().take_while(|request| request.upgrade).count() } else { head.queue.len() };
        head.queue.insert(at, request);
        self.waiting.insert(owner, key);
        Answer::Queued { slot, upgrade }
    }

    /// Enters a holder that was granted its mode elsewhere.
    pub(super) fn adopt(&mut self, owner: OwnerId, key: K, mode: Mode) {
        self.heads.entry(key).or_default().grant(owner, mode);
    }

    /// Whether there is a head.
    pub(super) fn has(&self, key: K) -> bool {
        self.heads.contains_key(&key)
    }

    /// Whether somebody holds or wants the lock in a mode for which `which` is true.
    pub(super) fn any(&self, key: K, which: impl Fn(Mode) -> bool) -> bool {
        self.heads.get(&key).is_some_and(|head| {
            head.holders().any(|(_, mode)| which(*mode)) || head.queue.iter().any(|request| which(request.mode))
        })
    }

    /// Gives a lock back and wakes those who can go on.
    pub(super) fn release(&mut self, owner: OwnerId, key: K) -> Left {
        let Entry::Occupied(mut entry) = self.heads.entry(key) else { return Left::Somebody };
        let head = entry.get_mut();
        head.let_go(owner);
        if head.is_unused() {
            entry.remove();
            return Left::Nobody;
        }
        if !head.queue.is_empty() {
            self.grant_waiting(key);
        }
        Left::Somebody
    }

    /// Takes a waiter out of its queue; those behind it may go on. `None` if it does not wait.
    pub(super) fn cancel(&mut self, owner: OwnerId) -> Option<(K, Left, Arc<Slot>)> {
        let key = self.waiting.remove(&owner)?;
        let head = self.heads.get_mut(&key)?;
        let at = head.queue.iter().position(|request| request.owner == owner)?;
        let request = head.queue.remove(at)?;
        self.grant_waiting(key);
        let unused = self.heads.get(&key).is_some_and(Head::is_unused);
        if unused {
            self.heads.remove(&key);
        }
        Some((key, if unused { Left::Nobody } else { Left::Somebody }, request.slot))
    }

    /// Where an owner waits.
    pub(super) fn waits_at(&self, owner: OwnerId) -> Option<K> {
        self.waiting.get(&owner).copied()
    }

    /// Those who wait.
    pub(super) fn waiters(&self) -> impl Iterator<Item = OwnerId> {
        self.waiting.keys().copied()
    }

    /// Whether there is no head.
    pub(super) fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Grants from the front of the queue for as long as the front is compatible; nobody overtakes.
    fn grant_waiting(&mut self, key: K) {
        let Some(head) = self.heads.get_mut(&key) else { return };
        while let Some(front) = head.queue.front() {
            if !head.allows(front.owner, front.mode) {
                break;
            }
            if let Some(request) = head.queue.pop_front() {
                head.grant(request.owner, request.mode);
                self.waiting.remove(&request.owner);
                request.slot.decide(Fate::Granted);
            }
        }
    }
}

impl<K: Copy + Eq + Hash> WaitGraph for Queues<K> {
    fn blockers(&self, waiter: OwnerId, visit: &mut dyn FnMut(OwnerId)) {
        let Some(head) = self.waiting.get(&waiter).and_then(|key| self.heads.get(key)) else { return };
        let Some(at) = head.queue.iter().position(|request| request.owner == waiter) else { return };
        let mode = head.queue[at].mode;
        for (holder, held) in head.holders() {
            if *holder != waiter && !held.compatible(mode) {
                visit(*holder);
            }
        }
        // Also those ahead whose mode is compatible: nobody overtakes them.
        for ahead in head.queue.iter().take(at) {
            visit(ahead.owner);
        }
    }

    fn blocker(&self, waiter: OwnerId) -> Option<OwnerId> {
        let head = self.heads.get(self.waiting.get(&waiter)?)?;
        let at = head.queue.iter().position(|request| request.owner == waiter)?;
        if let Some(ahead) = at.checked_sub(1) {
            return Some(head.queue[ahead].owner);
        }
        let mode = head.queue[at].mode;
        head.holders().find(|(holder, held)| *holder != waiter && !held.compatible(mode)).map(|(holder, _)| *holder)
    }
}

impl<K> Default for Queues<K> {
    fn default() -> Self {
        Self { heads: HashMap::default(), waiting: HashMap::default() }
    }
}

impl Head {
    fn holders(&self) -> impl Iterator<Item = &(OwnerId, Mode)> {
        self.holder.iter().chain(&self.others)
    }

    fn mode_of(&self, owner: OwnerId) -> Option<Mode> {
        self.holders().find(|(holder, _)| *holder == owner).map(|(_, mode)| *mode)
    }

    /// Whether the holders other than `owner` allow `mode`.
    fn allows(&self, owner: OwnerId, mode: Mode) -> bool {
        self.holders().all(|(holder, held)| *holder == owner || held.compatible(mode))
    }

    fn grant(&mut self, owner: OwnerId, mode: Mode) {
        if let Some((_, held)) = self.holder.iter_mut().chain(&mut self.others).find(|(holder, _)| *holder == owner) {
            *held = mode;
        } else if self.holder.is_none() {
            self.holder = Some((owner, mode));
        } else {
            self.others.push((owner, mode));
        }
    }

    fn let_go(&mut self, owner: OwnerId) {
        if self.holder.is_some_and(|(holder, _)| holder == owner) {
            self.holder = self.others.pop();
        } else {
            self.others.retain(|(holder, _)| *holder != owner);
        }
    }

    fn is_unused(&self) -> bool {
        self.holder.is_none() && self.queue.is_empty()
    }
}

impl Slot {
    /// Ends the wait. Called once, by whoever took the request out of its queue.
    pub(super) fn decide(&self, fate: Fate) {
        *self.fate.lock() = fate;
        self.wake.notify_one();
    }

    /// How the wait stands.
    pub(super) fn fate(&self) -> Fate {
        *self.fate.lock()
    }

    /// Sleeps until the wait is decided, at most `timeout`.
    pub(super) fn sleep(&self, timeout: Option<Duration>) -> Fate {
        let until = timeout.map(|timeout| Instant::now() + timeout);
        let mut fate = self.fate.lock();
        while *fate == Fate::Waiting {
            let Some(until) = until else {
                fate = self.wake.wait(fate);
                continue;
            };
            let left = until.saturating_duration_since(Instant::now());
            let (again, timed_out) = self.wake.wait_at_most(&self.fate, fate, left);
            fate = again;
            if timed_out {
                break;
            }
        }
        *fate
    }
}
