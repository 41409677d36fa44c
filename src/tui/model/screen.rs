//! The screens, and how much of one its detail takes.

/// The screens, by the numbers people press.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Screen {
    /// What is claimed, and what was measured.
    Register,
    /// The running experiment, and past ones.
    Lab,
    /// Where the time of both arms goes.
    Profile,
    /// Who does what.
    Agents,
    /// What was handed in, and what becomes of it.
    Review,
    /// How far the plan is, judged by evidence.
    Plan,
    /// What was recorded.
    Log,
}

/// Size of the detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zoom {
    /// The list has the larger part.
    Normal,
    /// The detail has a little more than half.
    Half,
    /// The detail alone.
    Full,
}

impl Screen {
    /// In the order of their numbers.
    pub const ALL: [Self; 7] =
        [Self::Register, Self::Lab, Self::Profile, Self::Agents, Self::Review, Self::Plan, Self::Log];

    /// The number people press.
    pub fn number(self) -> u8 {
        match self {
            Self::Register => 1,
            Self::Lab => 2,
            Self::Profile => 3,
            Self::Agents => 4,
            Self::Review => 5,
            Self::Plan => 6,
            Self::Log => 7,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Register => "Register",
            Self::Lab => "Lab",
            Self::Profile => "Profile",
            Self::Agents => "Agents",
            Self::Review => "Review",
            Self::Plan => "Plan",
            Self::Log => "Log",
        }
    }

    /// The screen `steps` further on, going round.
    pub fn stepped(self, steps: isize) -> Self {
        let here = Self::ALL.iter().position(|screen| *screen == self).unwrap_or(0);
        let there = (here as isize + steps).rem_euclid(Self::ALL.len() as isize);
        Self::ALL[there as usize]
    }
}

impl Zoom {
    /// The next one, going round.
    pub fn next(self) -> Self {
        match self {
            Self::Normal => Self::Half,
            Self::Half => Self::Full,
            Self::Full => Self::Normal,
        }
    }
}
