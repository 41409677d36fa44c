//! Searching a flame graph by name: which places, and what they cost together.

use super::{Flame, Found, SpotId, index};

impl Flame {
    /// Finds names.
    pub fn find(&self, matches: impl Fn(&str) -> bool) -> Found {
        let mut names: Vec<bool> = self.names.iter().map(|name| matches(name)).collect();
        // The root is no function.
        if let Some(root) = names.first_mut() {
            *root = false;
        }
        let mut found = Found { names, ..Found::default() };
        let mut covered = vec![false; self.spots.len()];
        for (id, spot) in self.spots.iter().enumerate() {
            let (is_one, is_below) = (found.has(spot.name), covered[index(spot.parent)]);
            covered[id] = is_one || is_below;
            found.places += usize::from(is_one);
            if is_one && !is_below {
                found.cost = [found.cost[0] + spot.cost[0], found.cost[1] + spot.cost[1]];
            }
        }
        found
    }

    /// Whether a search found this name.
    pub fn is_name_found(&self, name: &str, found: &Found) -> bool {
        !found.is_empty() && self.numbers.get(name).is_some_and(|number| found.has(*number))
    }

    /// Whether a search found this place.
    pub fn is_found(&self, id: SpotId, found: &Found) -> bool {
        self.spot(id).is_some_and(|spot| found.has(spot.name))
    }
}

impl Found {
    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.places == 0
    }

    fn has(&self, name: u32) -> bool {
        self.names.get(index(name)).copied().unwrap_or_default()
    }
}
