//! Evidence that travels: exported, imported, merged, and refused where it was changed.

use std::fs;

use serde_json::Value;

use super::bench::{Bench, Ran};
use super::store_commands::{proven, steady};

/// A project of its own that has imported what `from` exports.
fn colleague(from: &Bench) -> Bench {
    let other = Bench::new();
    ok(&from.run(&["export", "--to", other.path("evidence").to_str().unwrap()]));
    ok(&other.run(&["import", "evidence"]));
    other
}

fn ok(ran: &Ran) {
    assert_eq!(ran.code, 0, "{}", ran.shown());
}

/// The one experiment's file of an exported folder.
fn experiment_file(bench: &Bench) -> std::path::PathBuf {
    let mut files: Vec<_> =
        fs::read_dir(bench.path("evidence/T003")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| !file.ends_with("statuses.json"));
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

#[tokio::test]
async fn a_colleague_replays_the_same_words() {
    let bench = proven().await;
    ok(&bench.run(&["status", "T001", "blocked", "--reason", "needs T002", "--by", "ann"]));
    let other = colleague(&bench);
    let words = |ran: &Ran| {
        let text = steady(ran);
        text.lines().filter(|line| !line.contains("  origin ")).map(|line| line.to_owned() + "\n").collect::<String>()
    };
    let (ours, theirs) = (bench.run(&["verdict", "T003", "--replay"]), other.run(&["verdict", "T003", "--replay"]));
    assert_eq!(theirs.code, 0, "{}", theirs.shown());
    assert!(
        theirs.stdout.contains("origin     imported on ") && theirs.stdout.contains("the same verdict"),
        "{}",
        theirs.stdout
    );
    // The pictures are drawn from stacks, which were not asked for.
    assert_eq!(words(&ours), words(&theirs));
    ok(&other.run(&["verdict", "--replay", "--all"]));
    for command in [&["list"][..], &["status", "T001"]] {
        assert_eq!(bench.run(command).stdout, other.run(command).stdout, "{command:?}");
    }
    let stack = |bench: &Bench| {
        let json: Value = serde_json::from_str(&bench.run(&["status", "--json"]).stdout).unwrap();
        json["data"]["stack"].clone()
    };
    assert_eq!(stack(&bench), stack(&other));
    assert_eq!(stack(&other)[0]["feature"], "t003");
}

#[tokio::test]
async fn importing_twice_is_importing_once_and_the_bytes_stay() {
    let bench = proven().await;
    let other = colleague(&bench);
    let first = fs::read(experiment_file(&other)).unwrap();
    let again = other.run(&["import", "evidence", "--json"]);
    let json: Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!((&json["meta"]["new"], &json["meta"]["conflicts"]), (&0.into(), &0.into()));
    assert!(json["meta"]["known"].as_u64().unwrap() > 10);
    // What was imported is exported as it came; and the store it came from knows it all.
    ok(&other.run(&["export", "--to", "evidence"]));
    assert_eq!(fs::read(experiment_file(&other)).unwrap(), first);
    let back = bench.run(&["import", experiment_file(&other).to_str().unwrap(), "--json"]);
    let json: Value = serde_json::from_str(&back.stdout).unwrap();
    assert_eq!(json["meta"]["new"], 0);
    assert!(!bench.run(&["verdict", "T003"]).stdout.contains("origin"), "it is its own");
}

#[tokio::test]
async fn the_tables_of_both_commands() {
    let bench = proven().await;
    let other = Bench::new();
    let to = other.path("evidence").display().to_string();
    let blank = |ran: &Ran| {
        let shown = ran.shown().replace(&to, "<evidence>");
        let named =
            regex::Regex::new(r"\d{8}T\d{6}Z-[0-9a-f]{8}").unwrap().replace_all(&shown, "(time)-(digest)").into_owned();
        // Columns are as wide as the place's name, which differs from run to run.
        regex::Regex::new(" {2,}").unwrap().replace_all(&named, " ").into_owned()
    };
    let mut told = String::new();
    for (at, args) in [
        (&bench, &["export", "--to", &to, "--dry-run"][..]),
        (&bench, &["export", "--to", &to]),
        (&bench, &["export", "--to", &to]),
        (&bench, &["export", "B001", "--to", &to]),
        (&other, &["import", "evidence", "--dry-run"]),
        (&other, &["import", "evidence"]),
        (&other, &["import", "nowhere", "--evidence"]),
    ] {
        told += &format!("$ workbench {}\n{}\n", args.join(" ").replace(&to, "<evidence>"), blank(&at.run(args)));
    }
    insta::assert_snapshot!(told);
    assert_eq!(other.run(&["verdict", "--replay", "--all"]).code, 0);
}

#[tokio::test]
async fn profiles_bring_their_stacks_where_they_are_asked_for() {
    let bench = proven().await;
    let other = Bench::new();
    let file = other.path("T003.json");
    ok(&bench.run(&["export", "T003", "--to", file.to_str().unwrap()]));
    ok(&other.run(&["import", "T003.json"]));
    let without = other.run(&["profile", "T003"]);
    assert_eq!(without.code, 1, "{}", without.shown());
    assert!(without.stderr.contains("with --profiles"), "{}", without.stderr);
    ok(&bench.run(&["export", "T003", "--to", file.to_str().unwrap(), "--profiles"]));
    ok(&other.run(&["import", "T003.json"]));
    let with = other.run(&["profile", "T003"]);
    ok(&with);
    assert!(with.stdout.contains("fdatasync"), "{}", with.stdout);
    // Exported again without them, the file keeps what it has.
    let before = fs::read(&file).unwrap();
    ok(&bench.run(&["export", "T003", "--to", file.to_str().unwrap()]));
    assert_eq!(fs::read(&file).unwrap(), before);
}

/// Each way in which a file can be wrong, and a word of what must be told with its place.
#[tokio::test]
async fn what_was_changed_is_refused_in_its_place() {
    let bench = proven().await;
    let source = colleague(&bench);
    let text = fs::read_to_string(experiment_file(&source)).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    let pair = json["facts"].as_array().unwrap().iter().position(|fact| fact["fact"] == "pair");
    let line = 1 + text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.trim() == "{" && line.starts_with("    {"))
        .nth(pair.unwrap())
        .unwrap()
        .0;
    let d = format!("\"d\": {}", json["facts"][pair.unwrap()]["d"]);
    assert!(text.contains(&d), "{d}");
    let taken_out = {
        let mut less = json.clone();
        less["facts"].as_array_mut().unwrap().remove(pair.unwrap());
        serde_json::to_string_pretty(&less).unwrap()
    };
    let place = format!(":{line}:5: pair 1 of the confirmation run of workload 0 is not what its digest says");
    let cases = [
        ("a ratio", text.replacen(&d, "\"d\": 1.9", 1), place.as_str()),
        ("a seed", text.replacen("\"seed\": \"1", "\"seed\": \"2", 1), "is not what its digest says"),
        ("a pair less", taken_out, "some were added, taken out or moved"),
        ("a word", text.replacen("PROVEN", "ACCEPTED", 1), "the verdict of"),
        ("another kind", text.replacen("\"fact\": \"pair\"", "\"fact\": \"pairs\"", 1), "did you mean `pair`?"),
        (
            "another version",
            text.replacen("\"workbench_evidence\": 1", "\"workbench_evidence\": 7", 1),
            "version 7 of the format",
        ),
        (
            "a new column",
            text.replacen("\"run\": \"decision\"", "\"run\": \"decision\", \"mood\": 1", 1),
            "a pair has no `mood`",
        ),
        ("cut", text[..text.len() / 2].to_owned(), "it was cut off"),
        ("half a word", text[..text.len() - 3].to_owned(), "it was cut off"),
        ("other JSON", "{\"name\": \"package\"}".to_owned(), "this is no evidence"),
        ("a brace", "{".to_owned(), "it was cut off"),
        ("no JSON", "{ hello }".to_owned(), "key must be a string"),
        ("binary", "{\0\u{1}".to_owned(), "NUL byte"),
    ];
    let place = Bench::new();
    ok(&place.run(&["status", "T001", "blocked", "--reason", "needs T002", "--by", "ann"]));
    let before = place.run(&["list", "--json"]).stdout;
    for (name, changed, told) in cases {
        assert_ne!(changed, text, "{name} changes nothing");
        place.write("bad.json", changed);
        let ran = place.run(&["import", "bad.json"]);
        assert_eq!(ran.code, 1, "{name}: {}", ran.shown());
        let said: String = ran.stderr.replace(['│', '\n'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(told), "{name}: {said}");
        assert_eq!(place.run(&["list", "--json"]).stdout, before, "{name}");
    }
    // One bad file among good ones: nothing of any comes in.
    fs::create_dir(place.path("mixed")).unwrap();
    place.write("mixed/a.json", &text);
    place.write("mixed/b.json", &text[..99]);
    assert_eq!(place.run(&["import", "mixed"]).code, 1);
    assert_eq!(place.run(&["list", "--json"]).stdout, before);
    // Whitespace is no change.
    place.write("good.json", serde_json::to_string(&json).unwrap());
    ok(&place.run(&["import", "good.json"]));
}

#[tokio::test]
async fn what_contradicts_is_told_and_never_overwritten() {
    use sqlx::Connection;
    let bench = proven().await;
    let other = colleague(&bench);
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(other.path("tracking/workbench.db"));
    let mut hand = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    let edit =
        "DROP TRIGGER pair_kept; UPDATE pair SET dropped = 'I did not like it' WHERE idx = 0 AND run = 'decision'";
    sqlx::raw_sql(edit).execute(&mut hand).await.unwrap();
    hand.close().await.unwrap();
    let ran = other.run(&["import", "evidence"]);
    assert_eq!(ran.code, 1, "{}", ran.shown());
    assert!(ran.stdout.contains("pair 1 of the decision run of workload 0 is "), "{}", ran.stdout);
    // Nor does an export write over the file that says otherwise.
    let export = other.run(&["export", "--to", "evidence"]);
    assert_eq!(export.code, 4, "{}", export.shown());
    assert!(export.stderr.contains("holds 1 facts that this store does not have"), "{}", export.stderr);
}
