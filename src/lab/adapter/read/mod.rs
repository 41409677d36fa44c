//! What a run's output says: one file for each kind of output, each a function from text to figures.
//!
//! A figure that is not there is an error with the place it was looked for, never a zero.

pub(super) mod bmf;
pub(super) mod criterion;
pub(super) mod divan;
pub(super) mod hyperfine;
pub(super) mod pattern;

use std::collections::BTreeMap;
use std::fs;

use probe::protocol::{Better, Failure, MetricSpec, Unit};

use super::run::{Desk, Ran};
use crate::config::{Adapter, FigureUnit, Reads};
use crate::units::Direction;
use crate::yaml::nearest;

/// Figures by the names of their metrics; times in ns.
pub(super) type Figures = BTreeMap<String, f64>;

/// The figures of several benches, by id.
pub(super) type Benches = Vec<(String, Figures)>;

/// The metrics that an adapter's readings have.
pub fn metrics(adapter: &Adapter) -> Vec<MetricSpec> {
    let times = |names: &[&str]| names.iter().map(|name| MetricSpec::lower(name, Unit::Nanoseconds)).collect();
    let mut metrics: Vec<MetricSpec> = match adapter.reads {
        Reads::Process => times(&["time_ns", "cpu_ns"]),
        Reads::Criterion => times(&["time_ns", "median_ns"]),
        Reads::Divan => times(&["time_ns", "mean_ns", "fastest_ns"]),
        Reads::Hyperfine => times(&["time_ns", "median_ns", "cpu_ns"]),
        Reads::Bmf => {
            vec![MetricSpec::lower("latency", Unit::Nanoseconds), MetricSpec::higher("throughput", Unit::PerSecond)]
        }
        Reads::Pattern => Vec::new(),
    };
    metrics.extend(adapter.figures.iter().map(|figure| MetricSpec {
        name: figure.name.clone(),
        unit: scale(figure.unit).1,
        better: match figure.better {
            Direction::Higher => Better::Higher,
            Direction::Lower => Better::Lower,
        },
    }));
    metrics
}

/// What a run says of `workload`.
pub(super) fn figures(adapter: &Adapter, ran: &Ran, desk: &Desk, workload: &str) -> Result<Figures, Failure> {
    match adapter.reads {
        Reads::Process => {
            let ns = |time: std::time::Duration| time.as_nanos() as f64;
            Ok(Figures::from([("time_ns".to_owned(), ns(ran.elapsed)), ("cpu_ns".to_owned(), ns(ran.cpu))]))
        }
        Reads::Criterion => of(workload, criterion::read(&desk.criterion)?),
        Reads::Divan => of(workload, divan::read(&ran.stdout)?),
        Reads::Hyperfine => of_any(workload, hyperfine::read(&output(adapter, ran, desk)?)?),
        Reads::Bmf => of_any(workload, bmf::read(&output(adapter, ran, desk)?, &adapter.figures)?),
        Reads::Pattern => pattern::read(&output(adapter, ran, desk)?, &adapter.figures),
    }
}

/// The file that the command was told to write, or else its stdout.
fn output(adapter: &Adapter, ran: &Ran, desk: &Desk) -> Result<String, Failure> {
    if !adapter.command.iter().any(|argument| argument.contains("{out}")) {
        return Ok(ran.stdout.clone());
    }
    fs::read_to_string(&desk.out).map_err(|error| {
        Failure::new(format!("it did not write {{out}}: {error}"), "the program must write its figures into that file")
    })
}

/// The figures of the bench with this id.
fn of(workload: &str, benches: Benches) -> Result<Figures, Failure> {
    let names: Vec<String> = benches.iter().map(|(name, _)| name.clone()).collect();
    benches.into_iter().find(|(name, _)| name == workload).map(|(_, figures)| figures).ok_or_else(|| {
        let remedy = match nearest(workload, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => "does its filter let it run?".to_owned(),
            None => format!("it has figures of: {}", names.join(", ")),
        };
        Failure::new(format!("it gave no figures of `{workload}`"), remedy)
    })
}

/// Like [`of`]; the only bench there is needs no name.
fn of_any(workload: &str, mut benches: Benches) -> Result<Figures, Failure> {
    match benches.len() {
        1 => Ok(benches.swap_remove(0).1),
        _ => of(workload, benches),
    }
}

/// A JSON document, or where it stops being one.
fn json<T: serde::de::DeserializeOwned>(text: &str, what: &str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|error| {
        let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
        let message = if text.trim().is_empty() {
            format!("it printed nothing where {what} was expected")
        } else {
            format!("its output is not {what}: {error}: `{}`", short(line))
        };
        Failure::new(message, "compare `target.adapter.reads` in workbench.yaml with what the program prints")
    })
}

/// At most so much of a line as people want to see.
fn short(line: &str) -> String {
    const SHOWN_CHARS: usize = 80;
    let line = line.trim();
    let cut: String = line.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS).collect();
    if line.chars().count() > SHOWN_CHARS { cut + "…" } else { cut }
}

/// Into what a unit's numbers are multiplied, and what they are then.
fn scale(unit: FigureUnit) -> (f64, Unit) {
    match unit {
        FigureUnit::Nanoseconds => (1.0, Unit::Nanoseconds),
        FigureUnit::Microseconds => (1e3, Unit::Nanoseconds),
        FigureUnit::Milliseconds => (1e6, Unit::Nanoseconds),
        FigureUnit::Seconds => (1e9, Unit::Nanoseconds),
        FigureUnit::PerSecond => (1.0, Unit::PerSecond),
        FigureUnit::Bytes => (1.0, Unit::Bytes),
        FigureUnit::Count => (1.0, Unit::Count),
    }
}

/// What real programs printed, read; and what is no output of theirs, refused with its place.
#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    use super::*;
    use crate::config::Figure;

    fn data(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/adapters").join(name)
    }

    fn text(name: &str) -> String {
        fs::read_to_string(data(name)).unwrap()
    }

    fn adapter(reads: Reads, figures: Vec<Figure>) -> Adapter {
        Adapter { reads, command: vec!["{program}".to_owned()], figures, check: Vec::new() }
    }

    fn read(adapter: &Adapter, stdout: &str, workload: &str) -> Result<Figures, Failure> {
        let ran = Ran { stdout: stdout.to_owned(), elapsed: Duration::from_millis(5), cpu: Duration::from_millis(4) };
        let desk = Desk { out: data("missing"), criterion: data("criterion") };
        figures(adapter, &ran, &desk, workload)
    }

    fn refused(adapter: &Adapter, stdout: &str, workload: &str) -> String {
        read(adapter, stdout, workload).unwrap_err().to_string()
    }

    fn figure(name: &str, pattern: &str, unit: FigureUnit) -> Figure {
        Figure { name: name.to_owned(), pattern: pattern.to_owned(), unit, better: Direction::Lower }
    }

    #[test]
    fn a_process_is_its_own_figure() {
        let figures = read(&adapter(Reads::Process, Vec::new()), "", "any").unwrap();
        assert_eq!(figures, Figures::from([("time_ns".to_owned(), 5e6), ("cpu_ns".to_owned(), 4e6)]));
    }

    #[test]
    fn criterion_by_id() {
        let criterion = adapter(Reads::Criterion, Vec::new());
        let figures = read(&criterion, "", "parse_lifetime_re").unwrap();
        assert_eq!((figures["time_ns"].round(), figures["median_ns"].round()), (2391.0, 2779.0));
        let error = refused(&criterion, "", "parse_lifetime");
        assert!(error.contains("no figures of `parse_lifetime` (did you mean `parse_lifetime_re`?)"), "{error}");
        let nothing = criterion::read(Path::new("/nowhere")).unwrap_err();
        assert!(nothing.message.contains("left no results of criterion"), "{nothing}");
        let broken = tempfile::tempdir().unwrap();
        let new = broken.path().join("a/new");
        fs::create_dir_all(&new).unwrap();
        fs::write(new.join("benchmark.json"), r#"{"full_id":"a"}"#).unwrap();
        fs::write(new.join("estimates.json"), "{\"mean\":\n  {\"point\":1}}").unwrap();
        let error = criterion::read(broken.path()).unwrap_err().to_string();
        assert!(error.contains("not criterion's estimates.json: missing field `point_estimate` at line 2"), "{error}");
    }

    #[test]
    fn divan_by_path() {
        let (divan, table) = (adapter(Reads::Divan, Vec::new()), text("divan.txt"));
        let benches: Vec<String> = divan::read(&table).unwrap().into_iter().map(|(id, _)| id).collect();
        let all =
            ["long::1000", "long::100000", "short", "inner::bytes", "inner::threaded::t=1", "inner::threaded::t=2"];
        assert_eq!(benches, all.map(|id| format!("sums::{id}")));
        let figures = read(&divan, &table, "sums::short").unwrap();
        assert!(
            figures["fastest_ns"] <= figures["time_ns"] && (50.0..1000.0).contains(&figures["time_ns"]),
            "{figures:?}"
        );
        let figures = read(&divan, &table, "sums::long::100000").unwrap();
        assert!((30_000.0..500_000.0).contains(&figures["time_ns"]), "microseconds: {figures:?}");
        let listed = divan::listed(&text("divan-list.txt"));
        assert_eq!(listed, ["sums::long", "sums::short", "sums::inner::bytes", "sums::inner::threaded"]);
        assert!(refused(&divan, "running 1 test\n", "x").contains("no table of divan (it begins: running 1 test)"));
        let garbled = table.lines().map(|line| line.replace(" ns ", " xs ")).collect::<Vec<_>>().join("\n");
        assert!(refused(&divan, &garbled, "sums::short").contains("not a time"));
    }

    #[test]
    fn hyperfine_in_seconds() {
        let hyperfine = adapter(Reads::Hyperfine, Vec::new());
        let export = text("hyperfine.json");
        let figures = read(&hyperfine, &export, "true").unwrap();
        assert!((1e4..1e9).contains(&figures["time_ns"]) && figures["cpu_ns"] > 0.0, "{figures:?}");
        assert!(refused(&hyperfine, &export, "false").contains("it has figures of: true, sleep"));
        let cut = refused(&hyperfine, &export[..200], "true");
        assert!(cut.contains("its output is not an export of hyperfine: EOF") && cut.contains("line "), "{cut}");
        assert!(refused(&hyperfine, "", "true").contains("printed nothing where an export of hyperfine was expected"));
    }

    #[test]
    fn bmf_by_bench_and_measure() {
        let bmf = adapter(Reads::Bmf, vec![figure("binary-size", "", FigureUnit::Bytes)]);
        let figures = read(&bmf, &text("bmf.json"), "sums::long").unwrap();
        assert_eq!((figures["latency"], figures["binary-size"]), (1276.0, 1.5));
        assert_eq!(
            metrics(&bmf).iter().map(|metric| metric.name.as_str()).collect::<Vec<_>>(),
            ["latency", "throughput", "binary-size"]
        );
        assert!(refused(&bmf, "{\"a\": 5}", "a").contains("not Bencher Metric Format: invalid type: integer"));
    }

    #[test]
    fn patterns_find_exactly_one_number() {
        let one = |pattern: &str| adapter(Reads::Pattern, vec![figure("time_ns", pattern, FigureUnit::Milliseconds)]);
        let output = "warming up\ntook 12.5 ms\nsize 1_000\n";
        assert_eq!(read(&one(r"took ([0-9.]+) ms"), output, "any").unwrap()["time_ns"], 12.5e6);
        assert_eq!(read(&one(r"size (\S+)"), output, "any").unwrap()["time_ns"], 1e9);
        assert!(
            refused(&one(r"needed (\d+)"), output, "")
                .contains("finds no `time_ns` in its 3 lines (it begins: warming up)")
        );
        assert!(refused(&one(r"(\d+)"), output, "").contains("more than one `time_ns`: lines 2 and 2"));
        assert!(refused(&one(r"took (.*)"), output, "").contains("`time_ns` is `12.5 ms` in line 2: not a number"));
    }

    #[test]
    fn a_file_that_was_promised_and_not_written_is_told() {
        let mut export = adapter(Reads::Hyperfine, Vec::new());
        export.command.push("{out}".to_owned());
        assert!(refused(&export, "{}", "x").contains("it did not write {out}: No such file"));
    }
}
