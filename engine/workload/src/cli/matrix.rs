//! `workload matrix` and `workload relay`.

use std::io;
use std::path::Path;
use std::thread::{self, ScopedJoinHandle};
use std::time::Instant;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use probe::protocol::Failure;

use super::run::print;
use crate::matrix::sets::{self, FeatureSet};
use crate::matrix::{Bench, Ledger, tour::tour};
use crate::relay::{self, Handover, LEGS_MAX, Leg};
use crate::subject::Subject;

/// Every so many legs of the relay, one closes its database instead of leaving it as a kill would.
const CLOSES_EVERY: usize = 5;

pub(super) fn matrix_command() -> Command {
    Command::new("matrix")
        .about("Build and test the engine with many sets of improvements, and hand a database through all of them")
        .long_about(
            "Builds and tests the engine with none of its improvements, with all, and with seven sets that show every \
             pair of them in every combination; then hands one database through all of them, each set taking over from \
             each. What has passed is not run again until a source changes.",
        )
        .after_help("Example:\n  cargo run -p engine-driver -- matrix --set t001+b002")
        .arg(
            Arg::new("each")
                .long("each")
                .action(ArgAction::SetTrue)
                .help("Also each improvement alone, and all but each"),
        )
        .arg(
            Arg::new("set")
                .long("set")
                .value_name("A+B")
                .action(ArgAction::Append)
                .conflicts_with("each")
                .help("Only this set of improvements (with none, to have a relay); may be given again"),
        )
        .arg(Arg::new("again").long("again").action(ArgAction::SetTrue).help("Forget what has passed"))
}

pub(super) fn relay_command() -> Command {
    Command::new("relay")
        .about("Take over a database that another build left, check it, work on it, leave it for the next")
        .arg(Arg::new("dir").required(true).value_name("DIR").help("The database, made if there is none"))
        .arg(
            Arg::new("leg")
                .long("leg")
                .value_name("N")
                .default_value("0")
                .value_parser(value_parser!(u16).range(..i64::from(LEGS_MAX)))
                .help("Which leg it is: each may be run once"),
        )
        .arg(
            Arg::new("transactions")
                .long("transactions")
                .value_name("N")
                .default_value("150")
                .value_parser(value_parser!(u64))
                .help("How many to run"),
        )
        .arg(
            Arg::new("close")
                .long("close")
                .action(ArgAction::SetTrue)
                .help("Close the database at the end, instead of leaving it as a kill would"),
        )
}

/// Runs one leg and prints the handover as JSON.
pub(super) fn relay(subject: &Subject, given: &ArgMatches) -> Result<bool, Failure> {
    let leg = Leg {
        dir: given.get_one::<String>("dir").map(Into::into).unwrap_or_default(),
        number: given.get_one("leg").copied().unwrap_or_default(),
        transactions: given.get_one("transactions").copied().unwrap_or_default(),
        close: given.get_flag("close"),
    };
    let handover = relay::run(subject, &leg)?;
    let json = serde_json::to_string(&handover).map_err(|error| Failure::new(error.to_string(), ""))?;
    print(&format!("{json}\n"))?;
    Ok(true)
}

/// Runs the matrix; an error is the first thing that failed.
pub(super) fn matrix(subject: &Subject, given: &ArgMatches) -> Result<bool, Failure> {
    let sets = chosen(subject, given)?;
    let bench = Bench::find()?;
    let file = bench.place().join("passed");
    let unusable = |error: io::Error| Failure::new(format!("{}: {error}", file.display()), "remove it");
    let mut ledger = Ledger::open(file.clone(), &bench.sources()).map_err(unusable)?;
    if given.get_flag("again") {
        ledger.forget().map_err(unusable)?;
    }
    let mut open = Vec::new();
    for set in &sets {
        let key = format!("test:{}:{}", set.name, set.features.join("+"));
        match ledger.passed(&key) {
            Some(result) => say(&format!("{:14} {result}, before", set.name))?,
            None => open.push((set, key)),
        }
    }
    let started = Instant::now();
    let mut built = open.first().map(|(set, _)| bench.build(set)).transpose()?;
    for (at, (set, key)) in open.iter().enumerate() {
        let next = open.get(at + 1).map(|(next, _)| next);
        // Neither the tests of a set nor its build keep all processors busy to their end: the next is built meanwhile.
        let (tested, ahead) = thread::scope(|scope| {
            let ahead = next.map(|next| scope.spawn(|| bench.build(next)));
            (built.map(|built| bench.test(&built)), ahead.map(ScopedJoinHandle::join))
        });
        if let Some(tested) = tested.transpose()? {
            let result = format!("{} tests passed", tested.passed);
            let shown = if set.features.is_empty() { "-".to_owned() } else { set.features.join(" ") };
            say(&format!("{:14} {result} after {} s: {shown}", set.name, started.elapsed().as_secs()))?;
            ledger.pass(key, &result).map_err(unusable)?;
        }
        built = match ahead {
            Some(Ok(ahead)) => Some(ahead?),
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => None,
        };
    }
    let names: Vec<&str> = sets.iter().map(|set| set.name.as_str()).collect();
    let key = format!("relay:{}", names.join("+"));
    let result = match ledger.passed(&key) {
        Some(result) => format!("{result}, before"),
        None => {
            let result = hand_on(&bench, &sets)?;
            ledger.pass(&key, &result).map_err(unusable)?;
            result
        }
    };
    say(&format!("{:14} {result}", "relay"))?;
    print(&format!("every set passed: {}\n", sets.len()))?;
    Ok(true)
}

fn chosen(subject: &Subject, given: &ArgMatches) -> Result<Vec<FeatureSet>, Failure> {
    let improvements: Vec<&str> = subject.improvements.iter().map(|(name, _)| *name).collect();
    if let Some(named) = given.get_many::<String>("set") {
        let unknown = |name| {
            Failure::new(format!("there is no improvement `{name}`"), format!("known: {}", improvements.join(", ")))
        };
        let named = named.map(|text| sets::named(text, &improvements).map_err(unknown));
        return std::iter::once(sets::named("", &improvements).map_err(unknown)).chain(named).collect();
    }
    let mut all = sets::covering_sets(&improvements);
    if given.get_flag("each") {
        all.extend(sets::each(&improvements));
    }
    Ok(all)
}

/// Every set takes over from every set. What happened, in words.
fn hand_on(bench: &Bench, sets: &[FeatureSet]) -> Result<String, Failure> {
    let (dir, started) = (bench.place().join("relay"), Instant::now());
    remove(&dir)?;
    let course = tour(sets.len());
    let mut left: Option<(Handover, &str)> = None;
    // One more than the course is long: the last hands over to the first.
    for (number, at) in course.iter().cycle().take(course.len() + 1).enumerate() {
        let set = &sets[*at];
        if !bench.driver(set).is_file() {
            bench.build(set)?;
        }
        let close = number % CLOSES_EVERY == CLOSES_EVERY - 1;
        let handover = bench.leg(set, &dir, number, close)?;
        if let Some((before, from)) = left
            && handover.found.as_ref() != Some(&before.left)
        {
            let what = format!("leg {number}: {} does not find what {from} left", set.name);
            return Err(Failure::new(what, format!("the database is left in {}", dir.display())));
        }
        left = Some((handover, &set.name));
    }
    remove(&dir)?;
    let (hands, seconds) = (course.len(), started.elapsed().as_secs());
    Ok(format!("{hands} handovers between {} sets in {seconds} s", sets.len()))
}

fn remove(dir: &Path) -> Result<(), Failure> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Failure::new(format!("{}: {error}", dir.display()), "remove it"))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Progress, for whoever waits.
fn say(text: &str) -> Result<(), Failure> {
    print(&format!("{text}\n"))
}
