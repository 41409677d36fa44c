//! Twelve agents at once, each printing as fast as it can: what they said is kept to the byte, the store keeps up, and so does the
//! terminal interface.
//!
//! `cargo test --release --test e2e chatter -- --ignored --nocapture` for 200 MB of each, with the interface looking on.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use workbench::agents::facts::Ending;
use workbench::agents::supervisor::{Stream, read_output};

use super::apply_bench::Lab;
use super::assign_bench::Yard;
use super::bench::{Ran, WORKBENCH};
use super::crowd_bench::{PHASE, crowd};
use super::pty::Pty;

const AGENTS: u32 = 12;
/// How often each says its 10 MB on either stream, in the long test.
const TIMES: usize = 10;

/// Each says what is in its files, on both streams at once, and besides what it does.
const SCRIPT: &str = "cat $WORKBENCH_PROJECT/said/$1* & cat $WORKBENCH_PROJECT/said/$1* >&2 &
for n in 1 2 3; do workbench report working --note \"round $n\" > /dev/null; done; wait";
/// Fewer frames have no hundredth part worth the name: one that the kernel kept waiting would be it.
const FRAMES_MIN: usize = 200;

/// Lines of every length, also very long ones; every byte there is, so much of it no UTF-8; escape sequences; no end of the last line.
fn babble(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let mut text = Vec::with_capacity(bytes + (256 << 10));
    while text.len() < bytes {
        match next() % 50 {
            0 => text.extend(std::iter::repeat_n(b'x', usize::try_from(next() % (200 << 10)).unwrap())),
            1..10 => text.extend((0..next() % 300).map(|_| u8::try_from(next() % 256).unwrap())),
            10 => text.extend_from_slice(b"\x1b[2J\x1b]0;owned\x07\r"),
            _ => text.extend(format!("round {}: größer, schneller, weiter", next()).bytes()),
        }
        text.push(b'\n');
    }
    text.truncate(bytes);
    text
}

/// Their files, so many links to one each: what each will say on each stream.
fn prepare(bytes: usize, times: usize) -> (Yard, BTreeMap<String, String>) {
    let yard = crowd(Lab::new(0.4), AGENTS, "output_mb: 256", SCRIPT);
    fs::create_dir(yard.lab.bench.path("said")).unwrap();
    let hashes = (21..21 + AGENTS).map(|number| {
        let (id, said) = (format!("T2{number}"), babble(u64::from(number), bytes));
        let file = |time: usize| format!("said/{id}-{time}");
        yard.lab.bench.write(&file(0), &said);
        for time in 1..times {
            fs::hard_link(yard.lab.bench.path(&file(0)), yard.lab.bench.path(&file(time))).unwrap();
        }
        (id, hash(&said.repeat(times)))
    });
    let hashes = hashes.collect();
    (yard, hashes)
}

fn hash(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// All of it is there, and nobody was turned away by the store.
fn is_complete(yard: &Yard, ran: &Ran, hashes: &BTreeMap<String, String>) {
    let lives = yard.lives();
    assert_eq!(lives.len(), hashes.len(), "{}", ran.shown());
    let mut outputs = vec![ran.shown()];
    for life in &lives {
        let (id, home) = (&life.assignment.improvement.0, format!("tracking/work/{}", life.assignment.id.0));
        let [attempt] = life.attempts.as_slice() else { panic!("{id}: {} attempts", life.attempts.len()) };
        let ended = attempt.ended.as_ref().unwrap();
        let supervisor = fs::read_to_string(yard.lab.bench.path(&format!("{home}/supervisor.log"))).unwrap();
        assert_eq!(ended.ending, Ending::Finished, "{id}: {}\n{supervisor}", ended.reason);
        assert_eq!(attempt.said.len(), 3, "{id} spoke of itself three times");
        let kept = read_output(&yard.lab.bench.path(&format!("{home}/attempt-1.jsonl"))).unwrap();
        let of = |stream| {
            kept.iter().filter(|one| one.stream == stream).flat_map(|one| one.bytes.clone()).collect::<Vec<u8>>()
        };
        for stream in [Stream::Stdout, Stream::Stderr] {
            assert_eq!(hash(&of(stream)), hashes[id], "{id}, {stream:?}, {} bytes", of(stream).len());
        }
        outputs.push(supervisor);
    }
    let turned_away = |said: &&String| ["locked", "busy", "store::"].iter().any(|word| said.contains(word));
    assert_eq!(outputs.iter().find(turned_away), None, "the store keeps up");
}

#[test]
fn twelve_at_once_lose_no_byte() {
    let (yard, hashes) = prepare(200_000, 1);
    let ran = yard.run(&["run", "--phase", PHASE]);
    is_complete(&yard, &ran, &hashes);
    yard.checkout_is_untouched();
}

#[test]
#[ignore = "two gigabytes of chatter; its figures are worth something in a release build only"]
fn twelve_at_once_say_two_gigabytes_while_the_interface_looks_on() {
    let (yard, hashes) = prepare(10 << 20, TIMES);
    // The interface is opened on a project that has a store.
    assert_eq!(yard.run(&["status", "T003", "in-progress", "--reason", "to have a store"]).code, 0);
    let mut command = Command::new(WORKBENCH);
    command
        .current_dir(yard.lab.bench.root())
        .env("TERM", "xterm-256color")
        .env_remove("NO_COLOR")
        .env("LANG", "C.UTF-8");
    let Some(mut pty) = Pty::start(command, 120, 40) else { return };
    pty.until("Register", 0);
    pty.press("\x14");
    pty.until("frames:", 0);
    let began = Instant::now();
    let ran = std::thread::scope(|scope| {
        let run = scope.spawn(|| yard.run(&["run", "--phase", PHASE]));
        for key in ["4", "j", "j", "2", "1", "j", "6", "7", "k"].iter().cycle() {
            if run.is_finished() {
                break;
            }
            pty.press(key);
            std::thread::sleep(Duration::from_millis(10));
        }
        run.join().unwrap()
    });
    let took = began.elapsed();
    let seen = pty.output().len();
    // A key right after Esc would be one with Alt.
    pty.press("\x1b");
    std::thread::sleep(Duration::from_millis(100));
    pty.press("\x14");
    pty.until("frames:", seen);
    std::thread::sleep(Duration::from_millis(100));
    let screen = pty.screen();
    let told = screen.lines().find(|line| line.contains("frames:")).unwrap_or_default().trim();
    println!("{} MB in {took:.1?}: {told}", AGENTS as usize * 2 * 10 * TIMES);
    let p99: f64 = told.split("99 % in ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    pty.press("q");
    pty.press("l");
    pty.end();
    is_complete(&yard, &ran, &hashes);
    if !cfg!(debug_assertions) {
        let frames: usize =
            told.trim_start_matches(|c: char| !c.is_ascii_digit()).split(' ').next().unwrap().parse().unwrap();
        assert!(frames >= FRAMES_MIN, "{frames} frames");
        assert!(p99 < 16.0, "99 % of frames within {p99} ms");
    }
}
