//! The interface on a large store, measured from outside: printed, and held to its bars in a release build.
//!
//! `cargo test --release --test e2e tui_bars -- --ignored --nocapture`
//!
//! Ten thousand improvements, two hundred experiments, a million samples. While a thousand events a second arrive, a person moves
//! about; what frames cost is what the interface itself says (`^t`).

use std::fmt::Write;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use workbench::lab::experiment::{Run, Standing, Verdict};
use workbench::lab::journal::{Event, Journal};
use workbench::project::Project;
use workbench::tracking::Store;
use workbench::units::{Interval, LogRatio};

use super::bench::{Bench, WORKBENCH};
use super::pty::Pty;
use super::store::{pair, plan, ruling};

const IMPROVEMENTS: usize = 10_000;
const EXPERIMENTS: usize = 200;
const SAMPLES: usize = 1_000_000;
/// Pairs of an experiment.
const PAIRS: usize = 10;
const EVENTS_PER_SECOND: u32 = 1_000;
const STORM: Duration = Duration::from_secs(10);

/// An id, of one to four letters and three digits: `XA000` to `XJ999`.
fn id(number: usize) -> String {
    let letter = char::from(b'A' + u8::try_from(number / 1_000).unwrap());
    format!("X{letter}{:03}", number % 1_000)
}

/// A project with a large register.
fn register() -> Bench {
    let bench = Bench::new();
    let entry = fs::read_to_string(bench.path("improvements/B001.yaml")).unwrap();
    let mut members = String::from("B001");
    for number in 0..IMPROVEMENTS - 3 {
        let id = id(number);
        let text = entry.replace("B001", &id).replace("b001", &id.to_lowercase());
        bench.write(&format!("improvements/{id}.yaml"), text);
        write!(members, ", {id}").unwrap();
    }
    let phases = fs::read_to_string(bench.path("improvements/phases.yaml")).unwrap();
    bench.write("improvements/phases.yaml", phases.replace("[B001]", &format!("[{members}]")));
    let prefixes: String = ('A'..='J').map(|letter| format!("X{letter}, ")).collect();
    bench.replace("improvements/register.yaml", "prefixes: [", &format!("prefixes: [{prefixes}"));
    let listed = bench.run(&["list", "--json"]);
    assert_eq!(listed.code, 0, "{}", listed.stderr.chars().take(600).collect::<String>());
    bench
}

/// A pair whose slices are kept.
fn sampled(index: u32, samples: usize) -> Event {
    let mut pair = pair(Run::Decision, index);
    for (arm, rate) in [(&mut pair.a, 7_000.0), (&mut pair.b, 36_000.0)] {
        arm.slice_rates = (0..samples / 2).map(|slice| rate + (slice % 97) as f64).collect();
    }
    Event::Pair(Box::new(pair))
}

async fn fill(store: &mut Store) {
    for number in 0..EXPERIMENTS {
        let id = store.open(&plan(&id(number)), false).await.unwrap().id;
        for index in 0..PAIRS {
            let index = u32::try_from(index).unwrap();
            store.record(id, &sampled(index, SAMPLES / EXPERIMENTS / PAIRS)).await.unwrap();
        }
        store.record(id, &Event::Ruled(Box::new(ruling(Verdict::Proven)))).await.unwrap();
    }
}

/// Events as fast as they should come, until the time is over; how many it were.
async fn storm(store: &mut Store) -> u32 {
    let id = store.open(&plan("XJ000"), false).await.unwrap().id;
    let began = Instant::now();
    let mut sent = 0;
    while began.elapsed() < STORM {
        let due = (began.elapsed().as_secs_f64() * f64::from(EVENTS_PER_SECOND)) as u32;
        while sent < due {
            let event = match sent % 50 {
                0 => sampled(sent / 50, 16),
                1 => Event::Standing {
                    workload: 0,
                    standing: Standing {
                        pairs: 1 + sent / 50,
                        estimate: LogRatio(0.2),
                        bounds: Interval { low: 0.1, high: 0.3 },
                    },
                },
                _ => Event::Progress { note: format!("slice {sent}") },
            };
            store.record(id, &event).await.unwrap();
            sent += 1;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    sent
}

/// CPU time of a process so far.
fn cpu(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

/// The most memory a process has had, MiB.
fn memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a minute; prints figures that are worth something in a release build only"]
async fn a_large_store_keeps_the_bars() {
    let bench = register();
    let project = Project::at(&bench.root()).unwrap();
    let mut store = Store::open(&project).await.unwrap();
    let began = Instant::now();
    fill(&mut store).await;
    println!(
        "filled in {:.1} s: {} MiB",
        began.elapsed().as_secs_f64(),
        fs::metadata(project.store_file()).unwrap().len() >> 20
    );

    let mut command = Command::new(WORKBENCH);
    command.current_dir(bench.root()).env("TERM", "xterm-256color").env_remove("NO_COLOR").env("LANG", "C.UTF-8");
    let began = Instant::now();
    let Some(mut pty) = Pty::start(command, 120, 40) else { return };
    pty.until("Register", 0);
    let first_frame = began.elapsed();
    pty.until("XA00", 0);
    println!("first frame {first_frame:.1?}; with the register {:.1?}", began.elapsed());
    let pid = pty.process();

    std::thread::sleep(Duration::from_secs(8));
    let (before, began) = (cpu(pid), Instant::now());
    std::thread::sleep(Duration::from_secs(10));
    let idle = (cpu(pid) - before).as_secs_f64() / began.elapsed().as_secs_f64() * 100.0;
    println!("idle: {idle:.2} % of a processor, {} MiB", memory(pid));

    pty.press("\x14");
    pty.until("frames:", 0);
    let walker = async {
        // A person at work: the Lab live, the lists, a filter, the palette.
        let keys = [
            "2", "w", "1", "j", "j", "G", "g", "/", "x", "a", "4", "\x1b", "o", "7", "k", "4", "j", "6", ":", "l",
            "\x1b", "2",
        ];
        let until = Instant::now() + STORM;
        for key in keys.iter().cycle() {
            if Instant::now() > until {
                return;
            }
            pty.press(key);
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
    };
    let before = cpu(pid);
    let (sent, ()) = tokio::join!(storm(&mut store), walker);
    let busy = (cpu(pid) - before).as_secs_f64() / STORM.as_secs_f64() * 100.0;
    // Out of whatever is open. A key that follows Esc at once would be one with Alt.
    for _ in 0..3 {
        pty.press("\x1b");
        std::thread::sleep(Duration::from_millis(200));
    }
    let seen = pty.output().len();
    pty.press("\x14");
    pty.until("frames:", seen);
    std::thread::sleep(Duration::from_millis(200));
    pty.press("\x0c");
    std::thread::sleep(Duration::from_millis(200));
    let screen = pty.screen();
    let told = screen.lines().find(|line| line.contains("frames:")).unwrap().trim();
    println!("{sent} events in {STORM:?}: {told}");
    let most = memory(pid);
    println!("{busy:.0} % of a processor meanwhile, {most} MiB at most");
    let p99: f64 = told.split("99 % in ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    pty.press("ql");
    pty.end();
    if !cfg!(debug_assertions) {
        assert!(first_frame < Duration::from_millis(100), "first frame {first_frame:?}");
        assert!(p99 < 16.0, "99 % of frames within {p99} ms");
        assert!(idle < 1.0, "{idle} % when idle");
        assert!(most < 150, "{most} MiB");
    }
}
