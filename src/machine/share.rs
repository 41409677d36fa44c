//! How much of the processors a session gets where all want more than there is.
//!
//! Kernels with autogroups (sched(7)) share them out session by session, whatever the nice values within. Every agent has a session of its
//! own, so that twelve of them would leave the terminal a thirteenth, and that late: frames of half a millisecond were seen to wait for a
//! fifth of a second. Hence the sessions of agents ask for little, and for the ordinary while one of them measures. Kernels without
//! autogroups share fairly thread by thread, and there is nothing to do.

use std::fs;
use std::io;
use std::time::Duration;

use nix::libc::EAGAIN;

/// `/autogroup-14 nice 0`
const FILE: &str = "/proc/self/autogroup";

/// The nice value of a session that works in the background.
const MODEST: &str = "19";

/// The kernel lets people change one session every tenth of a second, whoever asks.
const RETRY: Duration = Duration::from_millis(110);

/// So often one is asked again that works in the background: twelve may begin at once.
const RETRIES: u32 = 30;

/// And one that waits to measure.
const RETRIES_WAITING: u32 = 5;

/// Asks for little, for this session from now on. A kernel without autogroups has nothing to change, and one that refuses does no harm.
pub fn be_modest() {
    if is_refused_for_now(&fs::write(FILE, MODEST)) {
        std::thread::spawn(|| {
            std::thread::sleep(RETRY);
            ask(MODEST, RETRIES)
        });
    }
}

/// A modest session that has the ordinary share for a while.
#[derive(Debug)]
pub(super) struct Ordinary(());

impl Ordinary {
    /// Until this is dropped; `None` where the session is not modest, or has to stay so. Who measures has stopped all other agents: a
    /// small share costs it little.
    pub(super) fn for_a_while() -> Option<Self> {
        is_modest().then(|| ask("0", RETRIES_WAITING).ok().map(Self)).flatten()
    }
}

impl Drop for Ordinary {
    fn drop(&mut self) {
        be_modest();
    }
}

fn is_modest() -> bool {
    fs::read_to_string(FILE).is_ok_and(|text| text.split_whitespace().last() == Some(MODEST))
}

/// Asks until it is granted, or refused for another reason than that somebody else has just asked.
fn ask(nice: &str, retries: u32) -> io::Result<()> {
    for _ in 0..retries {
        let written = fs::write(FILE, nice);
        if !is_refused_for_now(&written) {
            return written;
        }
        std::thread::sleep(RETRY);
    }
    fs::write(FILE, nice)
}

fn is_refused_for_now(written: &io::Result<()>) -> bool {
    written.as_ref().is_err_and(|error| error.raw_os_error() == Some(EAGAIN))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::*;

    fn becomes(modest: bool) {
        let waited = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(20));
            is_modest() == modest
        });
        assert!(waited, "never modest: {modest}");
    }

    #[test]
    #[ignore = "changes its session, for the test below"]
    fn in_a_session_of_its_own() {
        nix::unistd::setsid().unwrap();
        assert!(Ordinary::for_a_while().is_none(), "what is ordinary stays so");
        becomes(false);
        be_modest();
        becomes(true);
        let ordinary = Ordinary::for_a_while().unwrap();
        becomes(false);
        drop(ordinary);
        becomes(true);
    }

    #[test]
    fn a_session_is_modest_but_where_it_measures() {
        if !Path::new(FILE).exists() {
            eprintln!("SKIPPED: this kernel has no autogroups");
            return;
        }
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["machine::share::tests::in_a_session_of_its_own", "--exact", "--ignored", "--test-threads=1"]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}
