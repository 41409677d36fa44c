//! The terminal: taken, given back, and given back whatever happens.
//!
//! What was switched on is switched off in reverse, the mouse first: a shell that is sent mouse reports is unusable.
//! [`restore`] may be called from anywhere, any number of times; the panic hook and every signal end in it.

use std::io::{self, BufWriter, Stdout, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Size;

use super::model::Model;
use super::view;

/// Bytes of a frame that are written at once.
const FRAME_BYTES: usize = 64 * 1024;

/// Longest text that is copied: terminals drop longer ones silently.
const COPY_BYTES_MAX: usize = 64 * 1024;

/// Whether the terminal is ours now.
static TAKEN: AtomicBool = AtomicBool::new(false);

type Screen = Terminal<CrosstermBackend<BufWriter<Stdout>>>;

/// The terminal while it is ours.
pub struct Term {
    terminal: Screen,
    mouse: bool,
}

impl Term {
    /// Takes the terminal. From here on a panic gives it back before it is reported.
    pub fn take(mouse: bool) -> io::Result<Self> {
        hook_panics();
        switch_on(mouse)?;
        fresh().map(|terminal| Self { terminal, mouse }).inspect_err(|_| restore())
    }

    /// Size of the terminal.
    pub fn size(&self) -> io::Result<Size> {
        self.terminal.size()
    }

    /// Draws the model; only what differs from the last frame is written, and shown at once.
    pub fn draw(&mut self, model: &Model) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(|frame| view::view(model, frame))?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// Takes the terminal again after it was given back, and forgets what was on it.
    pub fn retake(&mut self) -> io::Result<()> {
        switch_on(self.mouse)?;
        self.forget()
    }

    /// Forgets what is on the screen, so that the next frame is written whole.
    pub fn forget(&mut self) -> io::Result<()> {
        // Not Terminal::clear: it asks the terminal where the cursor is, and our own listener would take the answer.
        execute!(io::stdout(), Clear(ClearType::All))?;
        self.terminal = fresh()?;
        Ok(())
    }

    /// Takes the mouse, or leaves it to the terminal.
    pub fn capture_mouse(&mut self, mouse: bool) -> io::Result<()> {
        self.mouse = mouse;
        if mouse { execute!(io::stdout(), EnableMouseCapture) } else { execute!(io::stdout(), DisableMouseCapture) }
    }

    /// Puts a text into the terminal's clipboard (OSC 52); `false` when it is too long for one.
    pub fn copy(&mut self, text: &str) -> io::Result<bool> {
        if text.len() > COPY_BYTES_MAX {
            return Ok(false);
        }
        let mut out = io::stdout().lock();
        write!(out, "\x1b]52;c;{}\x07", STANDARD.encode(text))?;
        out.flush()?;
        Ok(true)
    }

    /// Whether it was given back behind our back: something panicked elsewhere.
    pub fn was_lost(&self) -> bool {
        !TAKEN.load(Ordering::SeqCst)
    }
}

impl Drop for Term {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back. Errors are of no use to anybody here: the terminal may be gone.
pub fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let _ = execute!(
        io::stdout(),
        DisableMouseCapture,
        DisableBracketedPaste,
        EndSynchronizedUpdate,
        LeaveAlternateScreen,
        cursor::Show
    );
    let _ = disable_raw_mode();
}

fn fresh() -> io::Result<Screen> {
    Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(FRAME_BYTES, io::stdout())))
}

fn switch_on(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(io::stdout(), EnterAlternateScreen, cursor::Hide, EnableBracketedPaste)?;
    if mouse {
        execute!(io::stdout(), EnableMouseCapture)?;
    }
    Ok(())
}

/// Gives the terminal back before a panic is reported, so that the report can be read.
fn hook_panics() {
    static HOOKED: Once = Once::new();
    HOOKED.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            before(panic);
        }));
    });
}
