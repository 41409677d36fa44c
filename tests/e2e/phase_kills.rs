//! The scripted phase, killed at random points: what comes of it is what comes of it undisturbed.
//!
//! `WORKBENCH_KILLS=200 cargo test --test e2e phase_kills -- --nocapture` for a thorough run; `WORKBENCH_SEED` for other points.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use workbench::agents::facts::{Attempt, CUT_OFF_MAX, Role};
use workbench::machine::processes::Stat;

use super::phase_bench::{CAST, Part, Play};

/// One undisturbed phase may take so long.
const PATIENCE: Duration = Duration::from_secs(600);

/// Who is killed.
#[derive(Debug, Clone, Copy)]
enum Victim {
    Orchestrator,
    Supervisor,
    Agent,
    /// A driver that is being measured.
    Driver,
    Everything,
}

const VICTIMS: [Victim; 5] =
    [Victim::Orchestrator, Victim::Supervisor, Victim::Agent, Victim::Driver, Victim::Everything];

struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let at = self.below(u64::try_from(all.len()).unwrap().max(1));
        all.get(usize::try_from(at).unwrap()).copied()
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn killed_anywhere_the_phase_comes_to_the_same_end() {
    // In small: one of each kind of fate. The thorough run has the whole cast.
    let few: Vec<Part> = CAST.into_iter().filter(|part| ["T101", "T104", "T107", "T110"].contains(&part.id)).collect();
    let (wanted, cast) = match number("WORKBENCH_KILLS") {
        Some(wanted) => (wanted, CAST.to_vec()),
        None => (6, few),
    };
    let seed = number("WORKBENCH_SEED").unwrap_or(7);
    println!("WORKBENCH_SEED={seed}");
    let mut dice = Dice(seed);
    let mut killed: BTreeMap<String, u32> = BTreeMap::new();
    let mut count = 0;
    while count < wanted {
        let storm = Storm { play: Play::of(&cast), began: Instant::now() };
        // More is not forgiven: what is killed again and again may be its own doing. And everybody may be hit by every kill.
        let most = (wanted - count).min(u64::from(CUT_OFF_MAX));
        let told = storm.rage(&mut dice, most);
        count += u64::try_from(told.len()).unwrap();
        for victim in told {
            *killed.entry(victim).or_default() += 1;
        }
        println!("{count} of {wanted} kills, {killed:?}");
    }
}

/// A phase that is disturbed.
struct Storm {
    play: Play,
    began: Instant,
}

impl Storm {
    /// Kills, at most so often, until the phase is at its end; then looks at what came of it. Returns who was killed.
    fn rage(&self, dice: &mut Dice, most: u64) -> Vec<String> {
        let mut killed = Vec::new();
        let mut told_before = 0;
        let mut run = self.start();
        loop {
            assert!(self.began.elapsed() < PATIENCE, "no end after {killed:?}\n{}", self.log());
            let wait = Instant::now() + Duration::from_millis(20 + dice.below(1200));
            let mut over = None;
            while over.is_none() && (Instant::now() < wait || killed.len() as u64 == most) {
                over = run.try_wait().unwrap();
                std::thread::sleep(Duration::from_millis(10));
                assert!(self.began.elapsed() < PATIENCE, "no end after {killed:?}\n{}", self.log());
            }
            if over.is_some() {
                // What it could not do because somebody was killed it leaves to a person: who says again what is to be done.
                let left = self.log()[told_before..].contains("left to a person");
                assert!(!left, "{}", self.log());
                break;
            }
            let Some(victim) = self.kill(dice, &mut run) else { continue };
            killed.push(format!("{victim:?}"));
            if run.try_wait().unwrap().is_some() {
                self.recover();
                told_before = self.log().len();
                run = self.start();
            }
        }
        self.recover();
        self.play.came_out_right();
        self.play.is_left_tidy();
        killed
    }

    fn start(&self) -> Child {
        let log = OpenOptions::new().create(true).append(true).open(self.play.yard.lab.bench.path("tmp/log")).unwrap();
        let mut command = self.play.yard.lab.command(&["run", "--phase", "1"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.play.yard.lab.bench.path("tmp/log")).unwrap_or_default()
    }

    /// Kills one, or all; `None` where there is no such process now.
    fn kill(&self, dice: &mut Dice, run: &mut Child) -> Option<Victim> {
        let victim = dice.one_of(&VICTIMS)?;
        let pids = match victim {
            Victim::Orchestrator => {
                run.kill().unwrap();
                run.wait().unwrap();
                return Some(victim);
            }
            Victim::Supervisor => vec![dice.one_of(&self.workers(Role::Supervisor))?],
            Victim::Agent => vec![dice.one_of(&self.workers(Role::Agent))?],
            Victim::Driver => {
                // They live for moments.
                let until = Instant::now() + Duration::from_secs(2);
                let mut drivers = Vec::new();
                while drivers.is_empty() && Instant::now() < until {
                    drivers = self.drivers();
                }
                vec![dice.one_of(&drivers)?]
            }
            Victim::Everything => {
                run.kill().unwrap();
                run.wait().unwrap();
                // Those first who would write down how the others ended.
                [self.workers(Role::Supervisor), self.play.processes()].concat()
            }
        };
        for pid in &pids {
            let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
        }
        let gone = || pids.iter().all(|pid| Stat::of(*pid).is_none_or(|stat| stat.is_dead()));
        while !gone() {
            std::thread::sleep(Duration::from_millis(2));
        }
        Some(victim)
    }

    fn workers(&self, role: Role) -> Vec<i32> {
        let lives = self.play.yard.lives();
        let workers = lives.iter().flat_map(|life| &life.attempts).flat_map(|attempt: &Attempt| &attempt.workers);
        workers.filter(|worker| worker.role == role && worker.is_alive()).map(|worker| worker.pid).collect()
    }

    /// Drivers at work: binaries that were built here.
    fn drivers(&self) -> Vec<i32> {
        let builds = self.play.yard.lab.bench.path("tracking/lab/builds");
        let is_one = |pid: &i32| fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe.starts_with(&builds));
        self.play.yard.lab.processes().into_iter().filter(is_one).collect()
    }

    /// Recovers, and loses nothing that somebody has written.
    fn recover(&self) {
        let before = self.written();
        let recovered = self.play.yard.run(&["recover"]);
        assert_eq!(recovered.code, 0, "{}\n{}", recovered.shown(), self.log());
        let after = self.written();
        for (file, text) in &before {
            // Those whose agents go on may change meanwhile; a hanging one's half thought does not.
            if file.ends_with("j.rs") && text.contains("half a thought") {
                assert_eq!(after.get(file), Some(text), "{file} was lost: {}", recovered.shown());
            }
        }
    }

    /// What stands uncommitted in the worktrees.
    fn written(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for life in self.play.yard.lives() {
            let file = format!("tracking/work/{}/tree/toy/src/seams/j.rs", life.assignment.id.0);
            if let Ok(text) = fs::read_to_string(self.play.yard.lab.bench.path(&file)) {
                found.insert(file, text);
            }
        }
        found
    }
}
