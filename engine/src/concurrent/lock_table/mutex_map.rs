//! The baseline lock table: one mutex, one map, a queue per lock, a condition variable per waiter.
//!
//! ```text
//! Mutex ─ heads: LockId → [ holders (owner, mode)… | queue (owner, mode, slot)… ]
//!       └ waiting: OwnerId → LockId            (at most one each: a transaction waits in one place)
//! ```
//! A head exists while somebody holds or wants the lock. Nearly every lock has one holder and no queue in all its life: such
//! a head needs no memory beyond the map, whose mutex everybody wants.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::id::Hashed;
use super::{Act, BlockPolicy, LockError, LockId, LockTable, Mode, Owner, OwnerId, WaitGraph};
use crate::sync::{Condvar, Mutex, MutexGuard};

/// See the [module](self).
#[derive(Debug, Default)]
pub struct MutexMap {
    tables: Mutex<Tables>,
}

#[derive(Debug, Default)]
struct Tables {
    heads: HashMap<LockId, Head, Hashed>,
    waiting: HashMap<OwnerId, LockId, FixedState>,
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

/// Where a waiter sleeps. The fate is guarded by the table's mutex.
#[derive(Debug)]
struct Slot {
    wake: Condvar,
    fate: Mutex<Fate>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Waiting,
    Granted,
    Victim,
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

impl Tables {
    /// Grants from the front of the queue for as long as the front is compatible; nobody overtakes.
    fn grant_waiting(&mut self, id: LockId) {
        let Some(head) = self.heads.get_mut(&id) else { return };
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

    /// Takes a waiter out of its queue; those behind it may go on.
    fn cancel(&mut self, owner: OwnerId) -> Option<Arc<Slot>> {
        let id = self.waiting.remove(&owner)?;
        let head = self.heads.get_mut(&id)?;
        let at = head.queue.iter().position(|request| request.owner == owner)?;
        let request = head.queue.remove(at)?;
        self.grant_waiting(id);
        self.retire_if_unused(id);
        Some(request.slot)
    }

    fn retire_if_unused(&mut self, id: LockId) {
        if let Entry::Occupied(entry) = self.heads.entry(id)
            && entry.get().is_unused()
        {
            entry.remove();
        }
    }
}

impl WaitGraph for Tables {
    fn blockers(&self, waiter: OwnerId, visit: &mut dyn FnMut(OwnerId)) {
        let Some(head) = self.waiting.get(&waiter).and_then(|id| self.heads.get(id)) else { return };
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
}

impl Slot {
    fn decide(&self, fate: Fate) {
        *self.fate.lock() = fate;
        self.wake.notify_one();
    }

    fn fate(&self) -> Fate {
        *self.fate.lock()
    }
}

impl MutexMap {
    /// Sleeps until granted, chosen as a victim, or out of patience. Returns with the request out of the queue.
    fn wait<P: BlockPolicy>(
        &self,
        mut tables: MutexGuard<'_, Tables>,
        owner: OwnerId,
        slot: &Slot,
        policy: &P,
        patience: Option<Duration>,
    ) -> Result<(), LockError> {
        let deadline = patience.map(|patience| Instant::now() + patience);
        let mut act = policy.on_block(owner, &*tables);
        loop {
            let mut recheck_at = None;
            match act {
                Act::Abort(victim) if victim == owner => {
                    tables.cancel(owner);
                    return Err(LockError::Deadlock);
                }
                Act::Abort(victim) => {
                    if let Some(slot) = tables.cancel(victim) {
                        slot.decide(Fate::Victim);
                    }
                    // There may be a second cycle; and the victim's place in the queue may have been all we waited for.
                    if slot.fate() == Fate::Waiting {
                        act = policy.on_block(owner, &*tables);
                        continue;
                    }
                }
                Act::Wait { recheck_after } => recheck_at = recheck_after.map(|after| Instant::now() + after),
            }
            loop {
                match slot.fate() {
                    Fate::Granted => return Ok(()),
                    Fate::Victim => return Err(LockError::Deadlock),
                    Fate::Waiting => {}
                }
                let until = match (deadline, recheck_at) {
                    (Some(deadline), Some(recheck)) => Some(deadline.min(recheck)),
                    (Some(at), None) | (None, Some(at)) => Some(at),
                    (None, None) => None,
                };
                let Some(until) = until else {
                    tables = slot.wake.wait(tables);
                    continue;
                };
                let now = Instant::now();
                if now < until {
                    tables = slot.wake.wait_timeout(tables, until - now).0;
                    continue;
                }
                if deadline.is_some_and(|deadline| deadline <= now) {
                    tables.cancel(owner);
                    return Err(LockError::Timeout(patience.unwrap_or_default()));
                }
                break;
            }
            act = policy.on_patience(owner, &*tables);
        }
    }
}

impl LockTable for MutexMap {
    fn acquire<P: BlockPolicy>(
        &self,
        owner: &mut Owner,
        id: LockId,
        mode: Mode,
        policy: &P,
        patience: Option<Duration>,
    ) -> Result<(), LockError> {
        let mut guard = self.tables.lock();
        let tables = &mut *guard;
        let head = match tables.heads.entry(id) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                entry.insert(Head { holder: Some((owner.id, mode)), ..Head::default() });
                owner.held.push(id);
                return Ok(());
            }
        };
        let held = head.mode_of(owner.id);
        let wanted = held.map_or(mode, |held| held.join(mode));
        if held == Some(wanted) {
            return Ok(());
        }
        // A holder's upgrade may pass the queue: everybody there waits for it anyhow.
        let upgrade = held.is_some();
        if (upgrade || head.queue.is_empty()) && head.allows(owner.id, wanted) {
            head.grant(owner.id, wanted);
            if !upgrade {
                owner.held.push(id);
            }
            return Ok(());
        }
        let slot = Arc::new(Slot { wake: Condvar::new(), fate: Mutex::new(Fate::Waiting) });
        let request = Request { owner: owner.id, mode: wanted, upgrade, slot: Arc::clone(&slot) };
        let at =
            if upgrade { head.queue.iter().take_while(|request| request.upgrade).count() } else { head.queue.len() };
        head.queue.insert(at, request);
        tables.waiting.insert(owner.id, id);
        let granted = self.wait(guard, owner.id, &slot, policy, patience);
        policy.on_wake(owner.id);
        if granted.is_ok() && !upgrade {
            owner.held.push(id);
        }
        granted
    }

    fn release_all(&self, owner: &mut Owner) {
        if owner.held.is_empty() {
            return;
        }
        let mut tables = self.tables.lock();
        while let Some(id) = owner.held.pop() {
            let Entry::Occupied(mut entry) = tables.heads.entry(id) else { continue };
            let head = entry.get_mut();
            head.let_go(owner.id);
            if head.is_unused() {
                entry.remove();
            } else if !head.queue.is_empty() {
                tables.grant_waiting(id);
            }
        }
    }

    fn edges(&self, visit: &mut dyn FnMut(OwnerId, OwnerId)) {
        let tables = self.tables.lock();
        for waiter in tables.waiting.keys() {
            tables.blockers(*waiter, &mut |blocker| visit(*waiter, blocker));
        }
    }

    fn len(&self) -> usize {
        self.tables.lock().heads.len()
    }
}
