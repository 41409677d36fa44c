//! A program in a pseudo-terminal of its own session: what it writes, how it leaves the terminal, how it ends.
//! Also a module of the interface's own tests, which use a part of it.

#![allow(dead_code, reason = "each of the two test programs uses a part")]

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// How long anything may take: the machine may be busy compiling.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program and its terminal.
pub(crate) struct Pty {
    master: File,
    child: Child,
    output: Arc<Mutex<Vec<u8>>>,
}

impl Pty {
    /// Starts the program in a terminal of that size; `None`, said loudly, where there are no pseudo-terminals.
    #[allow(clippy::print_stdout, reason = "a skipped test must be seen; the interface's own tests may print anyway")]
    pub(crate) fn start(mut command: Command, columns: u16, rows: u16) -> Option<Self> {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = match openpty(&size, None) {
            Ok(pty) => pty,
            Err(error) => {
                println!("SKIPPED: no pseudo-terminal here: {error}");
                return None;
            }
        };
        let terminal = File::from(pty.slave);
        command.stdin(Stdio::from(terminal.try_clone().unwrap()));
        command.stdout(Stdio::from(terminal.try_clone().unwrap()));
        command.stderr(Stdio::from(terminal));
        // SAFETY: between fork and exec only setsid and ioctl are called; both are async-signal-safe.
        unsafe {
            command.pre_exec(|| {
                nix::unistd::setsid()?;
                if nix::libc::ioctl(0, nix::libc::TIOCSCTTY, 0) == -1 {
                    return Err(io::Error::last_os_error());
                }
                Ok(())
            });
        }
        let child = command.spawn().unwrap();
        drop(command);
        let master = File::from(pty.master);
        let output = Arc::new(Mutex::new(Vec::new()));
        let (mut reader, sink) = (master.try_clone().unwrap(), Arc::clone(&output));
        std::thread::spawn(move || {
            let mut part = [0; 4096];
            // The end of the terminal is an error on Linux, the end of the file elsewhere.
            while let Ok(count @ 1..) = reader.read(&mut part) {
                sink.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&part[..count]);
            }
        });
        Some(Self { master, child, output })
    }

    /// Its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Types into the terminal.
    pub(crate) fn press(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    /// Everything written so far.
    pub(crate) fn output(&self) -> String {
        let output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&output).into_owned()
    }

    /// What is on the screen, as text: the characters where they were put since it was cleared last. Enough of a terminal for a
    /// program that draws cell by cell.
    pub(crate) fn screen(&self) -> String {
        let output = self.output();
        let drawn = output.rsplit_once("\x1b[2J").map_or(output.as_str(), |(_, drawn)| drawn);
        let mut rows = vec![vec![' '; 300]; 100];
        let (mut row, mut column, mut rest) = (0, 0, drawn.chars());
        while let Some(symbol) = rest.next() {
            if symbol != '\x1b' {
                if let Some(cell) = rows.get_mut(row).and_then(|row: &mut Vec<char>| row.get_mut(column)) {
                    *cell = symbol;
                }
                column += 1;
                continue;
            }
            let mut sequence = String::new();
            let ends = |symbol: char| symbol.is_ascii_alphabetic() || symbol == '~';
            while !sequence.ends_with(ends) {
                let Some(symbol) = rest.next() else { break };
                sequence.push(symbol);
            }
            if let Some(place) = sequence.strip_prefix('[').and_then(|place| place.strip_suffix('H')) {
                let (line, at) = place.split_once(';').unwrap_or(("1", "1"));
                (row, column) = (line.parse().unwrap_or(1) - 1, at.parse().unwrap_or(1) - 1);
            }
        }
        rows.iter().map(|row| row.iter().collect::<String>().trim_end().to_owned() + "\n").collect()
    }

    /// Waits for a text that is written after the first `seen` bytes.
    #[track_caller]
    pub(crate) fn until(&self, text: &str, seen: usize) {
        let what = || self.output().get(seen..).is_some_and(|output| output.contains(text));
        assert!(wait_for(what), "never wrote {text:?}: {:?}", self.output());
    }

    /// Sends a signal to the program.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    /// Gives the terminal another size, as a window would.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        // SAFETY: the descriptor is open and `size` outlives the call, which only reads it.
        let done = unsafe { nix::libc::ioctl(self.master.as_raw_fd(), nix::libc::TIOCSWINSZ, &size) };
        assert_eq!(done, 0);
        self.signal(Signal::SIGWINCH);
    }

    /// Whether the terminal echoes and gathers lines, as a shell expects it.
    pub(crate) fn is_cooked(&self) -> bool {
        let flags = tcgetattr(&self.master).unwrap().local_flags;
        flags.contains(LocalFlags::ICANON | LocalFlags::ECHO)
    }

    /// Waits until the terminal is as a shell expects it, or is not.
    #[track_caller]
    pub(crate) fn until_cooked(&self, cooked: bool) {
        assert!(wait_for(|| self.is_cooked() == cooked), "cooked: {}", self.is_cooked());
    }

    /// Waits until the program is stopped.
    #[track_caller]
    pub(crate) fn until_stopped(&self) {
        let stopped = || {
            let state = waitpid(self.pid(), Some(WaitPidFlag::WUNTRACED | WaitPidFlag::WNOHANG));
            matches!(state, Ok(WaitStatus::Stopped(..)))
        };
        assert!(wait_for(stopped), "was not stopped");
    }

    /// Whether the program has ended.
    pub(crate) fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for the end of the program.
    #[track_caller]
    pub(crate) fn end(&mut self) -> ExitStatus {
        let mut status = None;
        assert!(
            wait_for(|| {
                status = self.child.try_wait().unwrap();
                status.is_some()
            }),
            "did not end: {:?}",
            self.output()
        );
        status.unwrap()
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap())
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        // A failed test leaves nothing behind; after a passed one there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait_for(mut what: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + PATIENCE;
    loop {
        if what() {
            return true;
        }
        if Instant::now() > until {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
