//! Golden conversations: a transcript in, a transcript out. Times are masked, everything else is exact.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::{BufReader, Cursor, Write};
use std::process::{Command as Process, Stdio};
use std::time::Duration;

use probe::driver::{Description, Ending, Measured, Settings, Waited, converse};
use probe::protocol::{
    Budget, Check, Event, Failure, Finding, Hello, Load, Loaded, MetricSpec, ParamSpec, Params, Progress, Unit,
    WorkloadSpec,
};

/// A driver whose every answer is known beforehand.
#[derive(Default)]
struct Scripted {
    sum: u64,
    finished: bool,
}

fn spec() -> WorkloadSpec {
    WorkloadSpec {
        name: "add".into(),
        summary: "Adds.".into(),
        metrics: vec![MetricSpec::higher("rate", Unit::PerSecond), MetricSpec::lower("p99", Unit::Nanoseconds)],
        params: BTreeMap::from([("step".to_owned(), ParamSpec::integer(1, 1, 9, "What to add."))]),
    }
}

impl probe::Driver for Scripted {
    fn describe(&self) -> Description {
        let (source, features) = (Some("abc123".to_owned()), vec!["t003".to_owned()]);
        Description { driver: "scripted".to_owned(), source, features, workloads: vec![spec()] }
    }

    fn load(&mut self, request: &Load, progress: &mut dyn FnMut(Progress)) -> Result<Loaded, Failure> {
        let settings = Settings::resolve(&spec().params, &request.params)?;
        progress(Progress { what: "rows".to_owned(), done: 1, total: 2 });
        self.sum = request.seed;
        Ok(Loaded { rows: 2, state_hash: Some("00ff".to_owned()), params: settings.into_map(), ..Loaded::default() })
    }

    fn slice(&mut self, budget: Budget, _params: &Params) -> Result<Measured, Failure> {
        let Budget::Ops(ops) = budget else { panic!("time is not scripted") };
        self.sum += ops;
        let values = BTreeMap::from([("rate".to_owned(), 2.5)]);
        let (counters, waits) = (BTreeMap::from([("adds".to_owned(), ops)]), BTreeMap::from([("io".to_owned(), 7)]));
        Ok(Measured { ops, elapsed: Duration::from_millis(1), values, latency: None, counters, waits })
    }

    fn check(&mut self) -> Result<Check, Failure> {
        let finding = Finding { check: "sum".to_owned(), ok: true, detail: format!("sum is {}", self.sum) };
        Ok(Check { ok: true, findings: vec![finding], state_hash: Some(format!("{:x}", self.sum)) })
    }

    fn wait_stacks(&mut self) -> BTreeMap<String, Waited> {
        let waited = |ns, times| Waited { ns, times };
        BTreeMap::from([
            ("scripted;io".to_owned(), waited(self.sum, self.sum / 3)),
            ("scripted;never".to_owned(), waited(5, 1)),
        ])
    }

    fn finish(&mut self) -> Result<BTreeMap<String, u64>, Failure> {
        assert!(!self.finished, "finished twice");
        self.finished = true;
        Ok(BTreeMap::from([("sum".to_owned(), self.sum)]))
    }
}

/// What the driver says to `input`, with machine-dependent numbers masked.
fn transcript(input: &[u8]) -> (String, Ending) {
    let mut output = Vec::new();
    let ending = converse(Scripted::default(), BufReader::with_capacity(64, Cursor::new(input)), &mut output).unwrap();
    let mut text = String::new();
    for line in String::from_utf8(output).unwrap().lines() {
        let mut event: serde_json::Value = serde_json::from_str(line).unwrap();
        let typed: Event = serde_json::from_str(line).unwrap();
        assert_eq!(serde_json::to_value(&typed).unwrap(), event, "every event reads back as itself");
        mask(&mut event);
        text += &format!("{event}\n");
    }
    (text, ending)
}

fn mask(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, field) in fields {
                match name.as_str() {
                    "elapsed_ns" | "cpu_ns" | "peak_memory_bytes" => *field = "…".into(),
                    "optimised" => *field = "…".into(),
                    _ => mask(field),
                }
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(mask),
        _ => {}
    }
}

#[track_caller]
fn check(input: &str, expected: &str, ending: Ending) {
    let (text, ended) = transcript(input.as_bytes());
    assert_eq!(text.trim(), expected.trim());
    assert_eq!(ended, ending);
}

#[test]
fn a_whole_conversation() {
    check(
        r#"
{"cmd":"hello"}
{"cmd":"load","workload":"add","seed":7,"params":{"step":3}}
{"cmd":"slice","ops":20}
{"cmd":"profile","state":"on","kinds":["wait"]}
{"cmd":"slice","ops":30}
{"cmd":"profile","state":"off"}
{"cmd":"check"}
{"cmd":"finish"}
{"cmd":"hello"}
"#,
        r#"
{"event":"hello","protocol":1,"driver":"scripted","source":"abc123","features":["t003"],"optimised":"…","workloads":[{"name":"add","summary":"Adds.","metrics":[{"name":"rate","unit":"1/s","better":"higher"},{"name":"p99","unit":"ns","better":"lower"}],"params":{"step":{"type":"integer","min":1,"max":9,"default":1,"help":"What to add."}}}]}
{"event":"progress","what":"rows","done":1,"total":2}
{"event":"loaded","elapsed_ns":"…","rows":2,"state_hash":"00ff","params":{"step":3}}
{"event":"slice","ops":20,"elapsed_ns":"…","cpu_ns":"…","values":{"rate":2.5},"counters":{"adds":20},"waits":{"io":7}}
{"event":"profile","state":"on"}
{"event":"slice","ops":30,"elapsed_ns":"…","cpu_ns":"…","values":{"rate":2.5},"counters":{"adds":30},"waits":{"io":7}}
{"event":"profile","state":"off","profiles":[{"kind":"wait","unit":"ns","folded":"scripted;io 30\n","samples":10,"elapsed_ns":"…","cpu_ns":"…","times":"scripted;io 10\n"}]}
{"event":"check","ok":true,"findings":[{"check":"sum","ok":true,"detail":"sum is 57"}],"state_hash":"39"}
{"event":"finished","peak_memory_bytes":"…","cpu_ns":"…","totals":{"sum":57}}
"#,
        Ending::Finished,
    );
}

#[test]
fn mistakes_are_answered_and_the_driver_goes_on() {
    check(
        r#"
rubbish
{"cmd":"dance"}
{"cmd":"load","workload":"add","sede":7}
{"cmd":"slice","ops":1}
{"cmd":"load","workload":"ad"}
{"cmd":"load","workload":"add","params":{"stpe":1}}
{"cmd":"load","workload":"add","params":{"step":10}}
{"cmd":"load","workload":"add"}
{"cmd":"load","workload":"add"}
{"cmd":"slice"}
{"cmd":"slice","ops":0}
{"cmd":"slice","ops":1,"ms":1}
{"cmd":"profile","state":"off"}
"#,
        r#"
{"event":"error","message":"not a command of the protocol: expected value at line 1 column 1","remedy":"send one of hello, load, slice, profile, check, finish","fatal":false}
{"event":"error","message":"not a command of the protocol: unknown variant `dance`, expected one of `hello`, `load`, `slice`, `profile`, `check`, `finish` at line 1 column 14","remedy":"send one of hello, load, slice, profile, check, finish","fatal":false}
{"event":"error","message":"not a command of the protocol: unknown field `sede`, expected one of `workload`, `seed`, `params`","remedy":"send one of hello, load, slice, profile, check, finish","fatal":false}
{"event":"error","message":"nothing is loaded to slice","remedy":"send load first","fatal":false}
{"event":"error","message":"unknown workload `ad`","remedy":"did you mean `add`?","fatal":false}
{"event":"error","message":"unknown parameter `stpe`","remedy":"did you mean `step`?","fatal":false}
{"event":"error","message":"parameter `step` cannot be 10","remedy":"give a whole number from 1 to 9","fatal":false}
{"event":"progress","what":"rows","done":1,"total":2}
{"event":"loaded","elapsed_ns":"…","rows":2,"state_hash":"00ff","params":{"step":1}}
{"event":"error","message":"a workload is already loaded","remedy":"start a fresh process for every load","fatal":false}
{"event":"error","message":"a slice takes exactly one of \"ops\" and \"ms\"","remedy":"such as {\"cmd\":\"slice\",\"ops\":20000}","fatal":false}
{"event":"error","message":"a slice of no length measures nothing","remedy":"such as {\"cmd\":\"slice\",\"ops\":20000}","fatal":false}
{"event":"error","message":"a slice takes exactly one of \"ops\" and \"ms\"","remedy":"such as {\"cmd\":\"slice\",\"ops\":20000}","fatal":false}
{"event":"error","message":"no profile is being recorded","remedy":"send profile on first","fatal":false}
{"event":"finished","peak_memory_bytes":"…","cpu_ns":"…","totals":{"sum":0}}
"#,
        Ending::EndOfInput,
    );
}

#[test]
fn a_panic_is_told_before_the_end() {
    let (text, ending) = transcript(b"{\"cmd\":\"load\",\"workload\":\"add\"}\n{\"cmd\":\"slice\",\"ms\":5}\n");
    assert!(text.contains(r#""message":"the driver panicked: time is not scripted""#), "{text}");
    assert!(text.contains(r#""fatal":true"#), "{text}");
    assert_eq!(ending, Ending::Fatal);
}

#[test]
fn garbage_of_every_kind_is_survived() {
    let mut input = vec![0xff, 0xfe, b'\n', b'\n', 0, b'\n'];
    input.extend(std::iter::repeat_n(b'x', 3 << 20));
    input.extend_from_slice(b"\n[]\n{\"cmd\":null}\n{\"cmd\":\"hello\"");
    let (text, ending) = transcript(&input);
    assert_eq!(text.matches(r#""event":"error""#).count(), 6, "{text}");
    assert!(text.contains("the line is not UTF-8") && text.contains("longer than 1 MiB"), "{text}");
    assert_eq!(ending, Ending::EndOfInput);
}

#[test]
fn events_may_say_more_than_is_known() {
    let line = r#"{"event":"hello","protocol":1,"driver":"newer","colour":"green","workloads":[{"name":"w","metrics":[{"name":"m","unit":"furlongs","better":"lower","x":1}]}]}"#;
    let Event::Hello(Hello { driver, workloads, .. }) = serde_json::from_str(line).unwrap() else { panic!() };
    assert_eq!((driver.as_str(), &workloads[0].metrics[0].unit), ("newer", &Unit::Other("furlongs".to_owned())));
}

#[test]
fn the_example_is_a_driver() {
    let example = std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join("examples/counter");
    if !example.exists() {
        return; // built by `cargo test -p probe`, not by `--test conversation`
    }
    let mut process = Process::new(example).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let input = b"{\"cmd\":\"load\",\"workload\":\"count\"}\n{\"cmd\":\"slice\",\"ops\":1000}\n{\"cmd\":\"check\"}\n";
    process.stdin.take().unwrap().write_all(input).unwrap();
    let output = process.wait_with_output().unwrap();
    let events: Vec<Event> =
        output.stdout.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    assert!(matches!(&events[1], Event::Slice(slice) if slice.ops == 1000 && slice.values["rate"] > 0.0));
    assert!(matches!(&events[2], Event::Check(check) if check.ok && check.state_hash.as_deref() == Some("3e8")));
    assert!(output.status.success());
}
