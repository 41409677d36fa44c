//! The screens as pure functions of the model: no I/O, no clock, no state of their own.
//!
//! Start at [`screen`], which divides the terminal and calls one module for each part. [`paint`], [`grid`], [`forest`],
//! [`flame`] and [`spark`] are what the parts are drawn with.

mod agents;
mod agents_detail;
mod ascii;
mod dialog;
mod diff;
mod flame;
mod footer;
mod forest;
mod grid;
mod help;
mod inbox;
mod lab;
mod lab_noise;
mod lab_panels;
mod lab_screens;
mod log;
mod members;
mod output;
mod paint;
mod palette;
mod plan;
mod plan_detail;
mod profile;
mod prompt;
mod register;
mod register_detail;
mod review;
mod review_detail;
mod rows;
mod screen;
mod spark;
mod status_bar;
pub mod tabs;

pub use screen::{detail_lines, view};
