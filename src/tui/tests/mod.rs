//! The screens as functions of values: whole-screen snapshots, scripts of messages, every size, no colour, speed.

mod colours;
mod fixtures;
mod follow;
mod inbox;
mod labs;
mod manners;
mod plans;
mod play;
mod profiles;
#[path = "../../../tests/e2e/pty.rs"]
mod pty;
mod reach;
mod screens;
mod scripts;
mod sizes;
mod speed;
mod works;
