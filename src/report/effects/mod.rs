//! Pictures of effects: what a screen or a full design found, for a terminal and as SVG.
//!
//! | picture | shows | text | SVG |
//! |---|---|---|---|
//! | bars | each feature's effect with its interval, the largest first | [`bars`] | [`svg::bars`] |
//! | half-normal plot | which contrasts rise off the line that noise lies on | [`half_normal`] | [`svg::half_normal`] |
//! | matrix | what two features do together beyond what each does | [`matrix`] | [`svg::matrix`] |
//!
//! All take the same [`Shown`], and the same effects give the same bytes. Colour never stands alone: every mark has a
//! shape, every figure a sign.

mod bars;
mod canvas;
mod half_normal;
mod matrix;
mod shown;
pub mod svg;
#[cfg(test)]
mod tests;

pub use bars::bars;
pub use half_normal::half_normal;
pub use matrix::matrix;
pub use shown::{Glyphs, Shown};
