//! The two clocks of CAR: circular lists threaded through one array, a frame being in at most one of them.
//!
//! The hand of a clock points at the frame to be looked at next; to put a frame behind the hand is to let the hand pass it.

use super::car::Clock;

const OUT: u32 = u32::MAX;

/// Both clocks.
#[derive(Debug)]
pub(super) struct Rings {
    links: Box<[Link]>,
    once: Ring,
    again: Ring,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    next: u32,
    previous: u32,
    clock: Clock,
}

#[derive(Clone, Copy, Debug)]
struct Ring {
    hand: u32,
    len: usize,
}

impl Rings {
    pub(super) fn new(frames: usize) -> Self {
        let link = Link { next: OUT, previous: OUT, clock: Clock::Once };
        let empty = Ring { hand: OUT, len: 0 };
        Self { links: vec![link; frames].into_boxed_slice(), once: empty, again: empty }
    }

    pub(super) fn len(&self, clock: Clock) -> usize {
        self.ring(clock).len
    }

    /// The frame under the hand, unless the clock is empty.
    pub(super) fn hand(&self, clock: Clock) -> Option<u32> {
        let hand = self.ring(clock).hand;
        (hand != OUT).then_some(hand)
    }

    pub(super) fn contains(&self, frame: u32) -> bool {
        self.links[frame as usize].next != OUT
    }

    /// The clock of a frame that is in one.
    pub(super) fn clock_of(&self, frame: u32) -> Clock {
        self.links[frame as usize].clock
    }

    /// Puts a frame behind the hand: it is the last that the hand comes to.
    pub(super) fn push(&mut self, frame: u32, clock: Clock) {
        assert!(!self.contains(frame), "frame {frame} admitted twice");
        let hand = self.ring(clock).hand;
        if hand == OUT {
            self.links[frame as usize] = Link { next: frame, previous: frame, clock };
            self.ring_mut(clock).hand = frame;
        } else {
            let last = self.links[hand as usize].previous;
            self.links[frame as usize] = Link { next: hand, previous: last, clock };
            self.links[last as usize].next = frame;
            self.links[hand as usize].previous = frame;
        }
        self.ring_mut(clock).len += 1;
    }

    /// Puts a frame under the hand.
    pub(super) fn push_first(&mut self, frame: u32, clock: Clock) {
        self.push(frame, clock);
        self.ring_mut(clock).hand = frame;
    }

    /// Takes a frame out; a hand that was on it goes on to the next.
    pub(super) fn remove(&mut self, frame: u32) {
        let Link { next, previous, clock } = self.links[frame as usize];
        let ring = self.ring_mut(clock);
        ring.len -= 1;
        if ring.hand == frame {
            ring.hand = if next == frame { OUT } else { next };
        }
        self.links[previous as usize].next = next;
        self.links[next as usize].previous = previous;
        self.links[frame as usize] = Link { next: OUT, previous: OUT, clock };
    }

    fn ring(&self, clock: Clock) -> &Ring {
        match clock {
            Clock::Once => &self.once,
            Clock::Again => &self.again,
        }
    }

    fn ring_mut(&mut self, clock: Clock) -> &mut Ring {
        match clock {
            Clock::Once => &mut self.once,
            Clock::Again => &mut self.again,
        }
    }
}
