//! The call trees of both arms as one flame graph in cells.
//!
//! ```text
//!  depth 0 │all                                  │   width: what a place costs, here and below, per operation
//!  depth 1 │run                                  │
//!  depth 2 │commit              │work       ··│      ··  smaller ones together, and then what it cost by itself
//!  depth 3 │sync          │ring │
//! ```
//!
//! A terminal shows a few hundred frames, whatever the tree holds. So nothing is laid out beforehand: each frame of the
//! picture is found by walking down from the place that fills the width, and the walk ends where a place is narrower than
//! half a cell. Children lie side by side, the dearest first, so that the rest of them can be passed over at once.

mod search;

use std::collections::{HashMap, VecDeque};
use std::iter;
use std::ops::Range;

use crate::profiles::difference::Place;
use crate::profiles::{Change, Difference};

/// The root's name: it stands for everything that was counted.
pub const WHOLE: &str = "all";

/// From this share on a callee is nearly all that its caller costs.
const TRUNK_SHARE: f64 = 0.95;

/// Narrower places are not drawn.
const CELLS_MIN: f64 = 0.5;

/// Both call trees as one, level by level: parents stand before their children, children side by side.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Flame {
    names: Vec<String>,
    numbers: HashMap<String, u32>,
    spots: Vec<Spot>,
}

/// The number of a place; the root's is 0.
pub type SpotId = u32;

/// A place in both trees. Costs are per operation, of A and of B.
#[derive(Debug, Clone, PartialEq)]
pub struct Spot {
    /// Index of its name.
    pub name: u32,
    /// Where it was called from; the root is its own parent.
    pub parent: SpotId,
    /// Calls above it.
    pub depth: u16,
    /// Here and below.
    pub cost: [f64; 2],
    /// Here alone.
    pub own: [f64; 2],
    /// What became of it.
    pub change: Change,
    children: Range<SpotId>,
}

/// What part of the trees is looked at, and how wide.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// The place that fills the width.
    pub zoom: SpotId,
    /// The cost that the width stands for.
    pub full: f64,
    /// Cells.
    pub width: u16,
}

/// A piece of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// What it stands for.
    pub what: What,
    /// Calls above it.
    pub depth: u16,
    /// Its first cell.
    pub x: u16,
    /// Its cells; at least one.
    pub width: u16,
}

/// What a frame stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// One place.
    Spot(SpotId),
    /// So many callees of a place, each too narrow for a frame of its own.
    Smaller(u32),
}

/// The names that a search found, and how much of everything they are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    names: Vec<bool>,
    /// Places with such a name.
    pub places: usize,
    /// What they cost here and below, none counted twice.
    pub cost: [f64; 2],
}

impl Flame {
    /// The trees of a difference.
    pub fn of(difference: &Difference) -> Self {
        let mut flame = Self::default();
        flame.names.push(WHOLE.to_owned());
        flame.spots.push(Spot::of(&difference.root, 0, 0, 0));
        let mut open: VecDeque<(SpotId, &Place)> = VecDeque::from([(0, &difference.root)]);
        while let Some((parent, place)) = open.pop_front() {
            let mut children: Vec<(&String, &Place)> = place.children.iter().collect();
            // Both trees in one order, so that a place is found again in the other.
            children.sort_by(|(_, one), (_, other)| other.a.max(other.b).total_cmp(&one.a.max(one.b)));
            let first = number(flame.spots.len());
            let depth = flame.spots[index(parent)].depth.saturating_add(1);
            for (name, child) in children {
                let name = flame.number_of(name);
                open.push_back((number(flame.spots.len()), child));
                flame.spots.push(Spot::of(child, name, parent, depth));
            }
            flame.spots[index(parent)].children = first..number(flame.spots.len());
        }
        flame
    }

    fn number_of(&mut self, name: &str) -> u32 {
        if let Some(known) = self.numbers.get(name) {
            return *known;
        }
        let new = number(self.names.len());
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), new);
        new
    }

    /// A place; none where there is no such number.
    pub fn spot(&self, id: SpotId) -> Option<&Spot> {
        self.spots.get(index(id))
    }

    /// A place's name.
    pub fn name(&self, id: SpotId) -> &str {
        let name = self.spot(id).and_then(|spot| self.names.get(index(spot.name)));
        name.map_or(WHOLE, String::as_str)
    }

    /// Places, the root among them.
    pub fn len(&self) -> usize {
        self.spots.len()
    }

    /// Whether there is nothing at all.
    pub fn is_empty(&self) -> bool {
        self.spots.is_empty()
    }

    /// The frames of one arm (0 for A, 1 for B) in the rows of those depths, row by row and from left to right. Above the
    /// place that fills the width stand those it was called from, as wide as it.
    pub fn frames(&self, arm: usize, window: Window, depths: Range<u16>) -> Vec<Frame> {
        let Some(zoomed) = self.spot(window.zoom) else { return Vec::new() };
        let mut frames = Vec::new();
        if window.width == 0 || window.full <= 0.0 {
            return frames;
        }
        let cells = f64::from(window.width) / window.full;
        let width = cell(zoomed.cost[arm] * cells).min(window.width);
        if width > 0 {
            let caller = |above: &SpotId| self.spot(*above).filter(|_| *above > 0).map(|spot| spot.parent);
            let callers = iter::successors(Some(window.zoom), caller);
            frames.extend(callers.filter_map(|above| {
                let depth = self.spot(above)?.depth;
                Some(Frame { what: What::Spot(above), depth, x: 0, width })
            }));
        }
        let mut open = VecDeque::from([(window.zoom, 0.0, width)]);
        while let Some((id, start, end)) = open.pop_front() {
            let Some(spot) = self.spot(id).filter(|spot| spot.depth + 1 < depths.end) else { continue };
            self.below(spot, arm, cells, start, |frame, start| {
                // Sums of halves may round beyond what they are part of.
                let frame = Frame { width: frame.width.min(end.saturating_sub(frame.x)), ..frame };
                if let What::Spot(child) = frame.what {
                    open.push_back((child, start, frame.x.saturating_add(frame.width)));
                }
                frames.push(frame);
            });
        }
        frames.retain(|frame| depths.contains(&frame.depth) && frame.width > 0);
        frames.sort_unstable_by_key(|frame| (frame.depth, frame.x));
        frames
    }

    /// The places with a frame in either arm at a depth, from left to right.
    pub fn row(&self, arms: &[usize], window: Window, depth: u16) -> Vec<SpotId> {
        let frames = arms.iter().flat_map(|arm| self.frames(*arm, window, depth..depth.saturating_add(1)));
        let spots = frames.filter_map(|frame| match frame.what {
            What::Spot(id) => Some(id),
            What::Smaller(_) => None,
        });
        // At one depth the numbers grow from left to right.
        let mut spots: Vec<SpotId> = spots.collect();
        spots.sort_unstable();
        spots.dedup();
        spots
    }

    /// The deepest row in which one of the arms has a frame.
    pub fn depth(&self, arms: &[usize], window: Window) -> u16 {
        let frames = arms.iter().flat_map(|arm| self.frames(*arm, window, 0..u16::MAX));
        frames.map(|frame| frame.depth).max().unwrap_or_default()
    }

    /// Where the trees fork: all above it call one place that costs nearly all that they do, in both arms. Those tell nothing, and
    /// often are as many as a screen has rows.
    pub fn fork(&self) -> SpotId {
        let goes_on = |caller: &SpotId| {
            let spot = self.spot(*caller)?;
            let callee = spot.children.clone().next()?; // the dearest
            let cost = self.spot(callee)?.cost;
            (0..2).all(|arm| cost[arm] >= TRUNK_SHARE * spot.cost[arm]).then_some(callee)
        };
        iter::successors(Some(0), goes_on).last().unwrap_or_default()
    }

    /// The dearest place of that name, in either arm.
    pub fn dearest(&self, name: &str) -> Option<SpotId> {
        let name = *self.numbers.get(name)?;
        let spots = (0..).zip(&self.spots).filter(|(_, spot)| spot.name == name);
        spots.max_by(|(_, one), (_, other)| one.dearer().total_cmp(&other.dearer())).map(|(id, _)| id)
    }

    /// Hands out the frames below a place, each with where it exactly begins.
    fn below(&self, spot: &Spot, arm: usize, cells: f64, mut start: f64, mut put: impl FnMut(Frame, f64)) {
        let end = start + (spot.cost[arm] - spot.own[arm]).max(0.0) * cells;
        let depth = spot.depth.saturating_add(1);
        for id in spot.children.clone() {
            let Some(child) = self.spot(id) else { return };
            if child.dearer() * cells < CELLS_MIN {
                let (from, to) = (cell(start), cell(end));
                if to > from {
                    let what = What::Smaller(spot.children.end - id);
                    put(Frame { what, depth, x: from, width: to - from }, start);
                }
                return;
            }
            let next = start + child.cost[arm] * cells;
            let (from, to) = (cell(start), cell(next));
            if to > from {
                put(Frame { what: What::Spot(id), depth, x: from, width: to - from }, start);
            }
            start = next;
        }
    }
}

impl Spot {
    fn of(place: &Place, name: u32, parent: SpotId, depth: u16) -> Self {
        let &Place { a, b, own_a, own_b, change, .. } = place;
        Self { name, parent, depth, cost: [a, b], own: [own_a, own_b], change, children: 0..0 }
    }

    /// B − A, here and below.
    pub fn delta(&self) -> f64 {
        self.cost[1] - self.cost[0]
    }

    /// What it costs in the arm in which it is dearer.
    pub fn dearer(&self) -> f64 {
        self.cost[0].max(self.cost[1])
    }

    /// Whether it calls anything.
    pub fn is_leaf(&self) -> bool {
        self.children.is_empty()
    }
}

/// The cell at whose left edge a position lies; what is no position is at the left end.
fn cell(position: f64) -> u16 {
    position.round().clamp(0.0, f64::from(u16::MAX)) as u16
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// A tree of more than four thousand million places would not have fitted into memory before it came here.
fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
