//! The screens as functions of values: whole-screen snapshots, scripts of messages, every size, no colour, speed.

mod colours;
mod fixtures;
mod play;
mod screens;
mod scripts;
mod sizes;
mod speed;
