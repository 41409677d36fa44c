//! The loop: messages in, effects out, a frame when something changed.

use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use jiff::Timestamp;
use nix::sys::signal;
use ratatui::layout::Size;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, interval, sleep_until};

use super::ears::Ears;
use super::effect::World;
use super::frame_times::{FrameTimes, Stopwatch};
use super::model::Model;
use super::msg::{Effect, Msg};
use super::term::{self, Term};
use super::theme::ThemeName;
use super::update::update;
use crate::project::Project;

/// Least time between two frames.
const FRAME_TIME: Duration = Duration::from_millis(16);
/// How often time is told.
const TICK: Duration = Duration::from_millis(500);
/// How long the first frame waits for the register.
const FIRST_FRAME_WAIT: Duration = Duration::from_millis(60);

/// How the interface is started.
#[derive(Debug, Clone, PartialEq, Eq, Default, clap::Args)]
pub struct Options {
    /// Draw with ASCII characters only
    #[arg(long, help_heading = "Terminal interface")]
    pub ascii: bool,
    /// Colours: dark, light, cb (colour-blind safe) or mono
    #[arg(long, help_heading = "Terminal interface", value_name = "THEME", value_parser = ["dark", "light", "cb", "mono"])]
    pub theme: Option<String>,
    /// Leave the mouse to the terminal
    #[arg(long, help_heading = "Terminal interface")]
    pub no_mouse: bool,
    /// Look only: nothing is measured, set, reviewed or stopped from here
    #[arg(long, help_heading = "Terminal interface")]
    pub read_only: bool,
}

/// A signal that means something here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    /// Leave, with this exit code.
    Leave(u8),
    /// Give the terminal back and stop.
    Stop,
    /// We were continued.
    Continue,
}

/// Runs the interface until the person leaves; returns the exit code. Stdout must be a terminal.
pub async fn run(project: Project, options: &Options) -> io::Result<u8> {
    let (sender, receiver) = unbounded_channel();
    let world = World::new(project, sender.clone());
    let mut model = first_model(options);
    world.watch();
    let mut looped = Loop { receiver, world, frames: FrameTimes::default() };
    looped.wait_for_register(&mut model).await;
    let mut term = Term::take(model.mouse)?;
    let ears = Ears::prick(sender);
    model.size = term.size()?;
    looped.turn(&mut model, &mut term, &ears).await
}

/// The two ends of the channel, and who fills it.
struct Loop {
    receiver: UnboundedReceiver<Msg>,
    world: World,
    frames: FrameTimes,
}

impl Loop {
    /// Takes in what comes before the first frame, until the register is there or it takes too long.
    async fn wait_for_register(&mut self, model: &mut Model) {
        let until = Instant::now() + FIRST_FRAME_WAIT;
        while let Ok(Some(msg)) = tokio::time::timeout_at(until, self.receiver.recv()).await {
            let is_register = matches!(msg, Msg::Register(_));
            for effect in update(model, msg) {
                self.world.run(effect);
            }
            if is_register {
                return;
            }
        }
    }

    async fn turn(&mut self, model: &mut Model, term: &mut Term, ears: &Ears) -> io::Result<u8> {
        let mut signals = signals()?;
        let mut ticks = interval(TICK);
        let mut next_frame = Instant::now();
        loop {
            let msg = tokio::select! {
                biased;
                Some(signal) = signals.recv() => {
                    if let Some(code) = signalled(signal, model, term)? {
                        return Ok(code);
                    }
                    None
                }
                () = sleep_until(next_frame), if model.dirty => {
                    model.dirty = false;
                    let watch = Stopwatch::start();
                    term.draw(model)?;
                    self.frames.drawn(watch.cost());
                    next_frame = Instant::now() + FRAME_TIME;
                    None
                }
                msg = self.receiver.recv() => msg,
                _ = ticks.tick() => Some(Msg::Tick(Timestamp::now())),
            };
            // All that has come by now goes into one frame.
            let mut next = msg;
            while let Some(msg) = next {
                let watch = Stopwatch::start();
                let effects = update(model, msg);
                self.frames.spent(watch.cost());
                for effect in effects {
                    if let Some(code) = self.act(effect, model, term, ears)? {
                        return Ok(code);
                    }
                }
                next = self.receiver.try_recv().ok();
            }
            if term.was_lost() {
                return Err(io::Error::other("a part of the interface failed; its report stands above"));
            }
        }
    }

    /// Does what concerns the terminal; the rest goes to the world. An exit code ends the loop.
    fn act(&mut self, effect: Effect, model: &mut Model, term: &mut Term, ears: &Ears) -> io::Result<Option<u8>> {
        match effect {
            Effect::Quit => return Ok(Some(0)),
            Effect::Suspend => {
                if can_be_continued() {
                    // To the whole job: whoever started us must stop too, or the shell goes on waiting. Our own handler
                    // gives the terminal back.
                    signal::killpg(nix::unistd::getpgrp(), signal::Signal::SIGTSTP).map_err(io::Error::from)?;
                } else {
                    model.complain("there is no shell to return to");
                }
            }
            Effect::Redraw => {
                term.forget()?;
                model.dirty = true;
            }
            Effect::TellFrameTimes => {
                model.say(self.frames.to_string());
                self.frames.clear();
            }
            Effect::CaptureMouse(mouse) => term.capture_mouse(mouse)?,
            Effect::Copy(text) => {
                if term.copy(&text)? {
                    model.say(format!("copied: {}", text.lines().next().unwrap_or_default()));
                } else {
                    model.complain("too long for the terminal's clipboard");
                }
            }
            Effect::Edit(id) => edit(&self.world.file_of(&id), model, term, ears)?,
            other @ (Effect::StartApply(_)
            | Effect::RunCommand(_)
            | Effect::StopApply(_)
            | Effect::OpenExperiment(_)
            | Effect::ReadWorkloads(..)
            | Effect::ReadProfile(_)
            | Effect::DrawPictures(_)
            | Effect::ReadScreens
            | Effect::ReadScreen(_)
            | Effect::ReadNoise
            | Effect::ReadTrend(_)
            | Effect::ReadPatch(_)
            | Effect::ForeseeTrain(_)
            | Effect::ReadOutput(..)
            | Effect::StopAttempt(_)
            | Effect::ReadPlan(_)) => self.world.run(other),
        }
        Ok(None)
    }
}

/// Lends the terminal to the person's editor until it ends. What was changed is read by who watches the files.
fn edit(file: &Path, model: &mut Model, term: &mut Term, ears: &Ears) -> io::Result<()> {
    let named = ["VISUAL", "EDITOR"].into_iter().filter_map(std::env::var_os).find(|name| !name.is_empty());
    let editor = named.unwrap_or_else(|| "vi".into());
    let ended = ears.covered(|| {
        term::restore();
        // Through the shell, since people put arguments into the variable.
        let ended = Command::new("/bin/sh").arg("-c").arg("exec $0 \"$1\"").arg(&editor).arg(file).status();
        wake(model, term).map(|()| ended)
    })?;
    match ended {
        Ok(status) if status.success() => model.say(format!("{} is read again", file.display())),
        Ok(status) => model.complain(format!("{} ended with {status}", editor.display())),
        Err(error) => model.complain(format!("{} cannot be run: {error}", editor.display())),
    }
    Ok(())
}

fn signalled(signal: Signal, model: &mut Model, term: &mut Term) -> io::Result<Option<u8>> {
    match signal {
        Signal::Leave(code) => return Ok(Some(code)),
        Signal::Stop => {
            term::restore();
            // Stops every thread here, also the one that listens, until somebody continues us. SIGSTOP, since SIGTSTP is
            // what we handle.
            signal::raise(signal::Signal::SIGSTOP).map_err(io::Error::from)?;
            wake(model, term)?;
        }
        // Stopped without asking (SIGSTOP): the shell has the terminal as it likes it.
        Signal::Continue => wake(model, term)?,
    }
    Ok(None)
}

fn wake(model: &mut Model, term: &mut Term) -> io::Result<()> {
    term.retake()?;
    model.size = term.size()?;
    model.now = Timestamp::now();
    model.dirty = true;
    Ok(())
}

fn first_model(options: &Options) -> Model {
    let named = options.theme.as_deref().and_then(ThemeName::parse);
    let plain = named.is_none() && std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    // A theme that was asked for by name wins over NO_COLOR, here and in what writes the escapes.
    crossterm::style::force_color_output(!plain && named != Some(ThemeName::Mono));
    let theme = if plain { ThemeName::Mono } else { named.unwrap_or(ThemeName::Dark) };
    let (width, height) = crossterm::terminal::size().unwrap_or((80, 24));
    let ascii = options.ascii || !locale_has_unicode();
    let mut model = Model::new(Timestamp::now(), Size { width, height }, theme, ascii, !options.no_mouse);
    (model.plain, model.read_only) = (plain, options.read_only);
    model
}

/// Whether the locale, where it names a character set at all, names UTF-8.
fn locale_has_unicode() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(|name| std::env::var(name).ok());
    let Some(locale) = set.into_iter().find(|value| !value.is_empty()) else { return true };
    let charset = locale.split_once('.').map(|(_, charset)| charset.to_lowercase());
    charset.is_none_or(|charset| charset.starts_with("utf-8") || charset.starts_with("utf8"))
}

/// Signals as they come. The channel is small: a signal that comes while the last is dealt with may wait.
fn signals() -> io::Result<tokio::sync::mpsc::Receiver<Signal>> {
    let (sender, receiver) = tokio::sync::mpsc::channel(8);
    let kinds = [
        (SignalKind::hangup(), Signal::Leave(128 + 1)),
        (SignalKind::interrupt(), Signal::Leave(128 + 2)),
        (SignalKind::quit(), Signal::Leave(128 + 3)),
        (SignalKind::terminate(), Signal::Leave(128 + 15)),
        (SignalKind::from_raw(signal::Signal::SIGTSTP as i32), Signal::Stop),
        (SignalKind::from_raw(signal::Signal::SIGCONT as i32), Signal::Continue),
    ];
    for (kind, meaning) in kinds {
        let mut stream = signal(kind)?;
        let sender = sender.clone();
        tokio::spawn(async move { while stream.recv().await.is_some() && sender.send(meaning).await.is_ok() {} });
    }
    Ok(receiver)
}

/// Whether our parent belongs to our session: only then is there a shell that can continue us.
fn can_be_continued() -> bool {
    let ours = nix::unistd::getsid(None);
    ours.is_ok() && nix::unistd::getsid(Some(nix::unistd::getppid())) == ours
}
