//! `workbench mcp` as a client sees it.

use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use workbench::agents::Stage;
use workbench::agents::facts::Doing;

use super::apply_bench::Lab;
use super::assign_bench::Yard;
use super::bench::eventually;
use super::mcp_client::Client;

/// The server of the lab's project; about an assignment where there is one.
fn command(lab: &Lab, assignment: Option<&str>) -> Command {
    let arguments = [&["mcp"][..], assignment.map(|_| "--assignment").as_slice(), assignment.as_slice()].concat();
    let mut command = lab.command(&arguments);
    command.env_remove("WORKBENCH_ASSIGNMENT").env_remove("WORKBENCH_ATTEMPT");
    command
}

/// A yard in which a person has T003 in hand and has made the baseline and the feature faster alike.
pub(crate) fn held() -> Yard {
    let yard = Yard::built("true");
    yard.hand_to_a_person();
    assert_eq!(yard.run(&["assign", "T003"]).code, 0);
    faster(&yard, "11_000.0");
    yard
}

fn faster(yard: &Yard, rate: &str) {
    let source = yard.lab.bench.path("tracking/work/1/tree/toy/src/main.rs");
    let text = std::fs::read_to_string(&source).unwrap();
    yard.commit("toy/src/main.rs", &text.replacen("10_000.0", rate, 1));
}

#[test]
fn from_the_brief_to_the_gates() {
    let yard = held();
    let mut client = Client::start(command(&yard.lab, Some("T003")));
    assert_eq!(client.hello["serverInfo"]["name"], "workbench", "{}", client.hello);
    let greeting = client.hello["instructions"].as_str().unwrap();
    assert!(greeting.contains("You work on T003 (assignment 1, branch agent1/t003-1"), "{greeting}");
    assert_eq!(
        client.tools(),
        ["brief", "list", "show", "verdict", "profile", "report", "apply", "submit"],
        "all that there is"
    );
    let brief = client.call("brief", json!({}))["content"][0]["text"].as_str().unwrap().to_owned();
    assert!(brief.starts_with("# T003: WAL group commit") && brief.contains("`toy/src/**`"), "{brief}");

    // Claim and measurement are different things, and nothing was measured yet.
    let shown = client.told("show", json!({}))["data"].clone();
    assert_eq!((&shown["id"], &shown["measured"]), (&"T003".into(), &Value::Null), "{shown}");
    assert!(shown["claim"]["text"].as_str().unwrap().contains('%'), "{shown}");
    assert!(client.refused("verdict", json!({})).contains("there is no verdict on T003 yet\nNext: measure it"));

    // Measured as it is committed, before it is handed in.
    let planned = client.told("apply", json!({ "dry_run": true }));
    assert_eq!(planned["data"][0]["role"], "main", "{planned}");
    let applied = client.told("apply", json!({}));
    assert_eq!((&applied["data"]["passed"], &applied["exit_code"]), (&true.into(), &0.into()), "{applied}");
    let told = client.progress.join("\n");
    assert!(told.contains("arm B built") && told.contains("pair 1: tps"), "{told}");
    let experiment = applied["data"]["experiment"].clone();
    let verdict = client.told("verdict", json!({ "experiment": experiment, "replay": true }));
    assert_eq!(
        (&verdict["data"]["passed"], &verdict["data"]["replay"]["same"]),
        (&true.into(), &true.into()),
        "{verdict}"
    );
    let profile = client.told("profile", json!({ "experiment": experiment, "top": 1 }));
    assert_eq!(profile["data"]["functions"].as_array().map(Vec::len), Some(1), "{profile}");
    // Nobody has accepted it: no status rests on it.
    assert_eq!(client.told("show", json!({ "id": "t003" }))["data"]["status"], "Planned");

    client.progress.clear();
    let gates = client.told("submit", json!({ "note": "one fdatasync for each batch" }));
    assert_eq!((&gates["meta"]["stage"], &gates["exit_code"]), (&"review".into(), &0.into()), "{gates}");
    assert_eq!(gates["data"].as_array().map(Vec::len), Some(11), "every gate has spoken: {gates}");
    assert!(client.progress.iter().all(|stage| !stage.contains(' ')), "stages only: {:?}", client.progress);
    assert!(client.progress.contains(&"measure".to_owned()), "{:?}", client.progress);
    assert_eq!(
        (yard.stage(), yard.life().submissions[0].note.as_str()),
        (Stage::Review, "one fdatasync for each batch")
    );

    let again = client.refused("submit", json!({ "note": "again" }));
    assert!(again.contains("was handed in before\nNext: commit something first"), "{again}");
    let (status, stderr) = client.leave();
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
    assert_eq!(yard.lab.processes(), Vec::<i32>::new());
    yard.checkout_is_untouched();
}

#[test]
fn a_gate_that_refuses_says_why_and_names_no_private_guard() {
    let yard = held();
    yard.configure("workbench.yaml", "grace_ms: 300}", "grace_ms: 300, private_guards: tracking/guards.yaml}");
    yard.lab.bench.write(
        "tracking/guards.yaml",
        "- {workload: other, params: {effect: -0.3, noise: 0.003, secret: 7}, metric: tps}\n",
    );
    let mut client = Client::start(command(&yard.lab, Some("1")));
    let gates = client.told("submit", json!({ "note": "" }));
    assert_eq!((&gates["exit_code"], &gates["meta"]["stage"]), (&4.into(), &"refused".into()), "{gates}");
    let last = gates["data"].as_array().unwrap().last().unwrap();
    let told = (&last["gate"], &last["reason"], &last["experiment"]);
    assert_eq!(told, (&"private_guards".into(), &"a workload that is not named here has lost".into(), &Value::Null));
    let all = format!("{gates} {:?}", client.progress);
    assert!(!all.contains("secret") && !all.contains("other"), "{all}");
}

#[test]
fn without_an_assignment_it_only_looks_and_says_why() {
    let lab = Lab::new(0.4);
    let mut client = Client::start(command(&lab, None));
    let greeting = client.hello["instructions"].as_str().unwrap().to_owned();
    assert!(greeting.contains("Read only: this server is about no assignment"), "{greeting}");
    assert_eq!(client.tools(), ["list", "show", "verdict", "profile"]);
    for tool in ["brief", "apply", "report", "submit"] {
        let why = client.refused(tool, json!({ "state": "working", "note": "" }));
        assert!(
            why.contains("about no assignment") && why.contains("Next: start it as `workbench mcp --assignment"),
            "{why}"
        );
    }
    assert!(client.refused("show", json!({})).contains("Next: give its `id`"));
    let listed = client.told("list", json!({ "status": "Planned", "measurable": true }));
    assert_eq!(listed["data"][0]["id"], "T003", "{listed}");
    assert_eq!(lab.processes(), [client.pid()], "only the server itself works here");
}

#[test]
fn what_is_asked_wrongly_is_told_with_the_remedy() {
    let lab = Lab::new(0.4);
    let mut client = Client::start(command(&lab, None));
    let unknown = client.ask("tools/call", json!({ "name": "shw", "arguments": {} }));
    let told = unknown["error"]["message"].as_str().unwrap();
    assert_eq!(unknown["error"]["code"], -32602);
    assert!(told.contains("no tool `shw`; did you mean `show`? there are brief, list"), "{told}");
    for (tool, arguments, why) in [
        ("show", json!({ "idd": "T003" }), "unknown field `idd`"),
        ("show", json!({ "id": 3 }), "invalid type: integer `3`, expected a string"),
        ("show", json!({ "id": "T999" }), "there is no improvement `T999`\nNext: `workbench list`"),
        ("show", json!({ "id": "--help" }), "there is no improvement `--help`"),
        ("show", json!({ "id": "" }), "there is no improvement ``"),
        ("list", json!({ "status": "done" }), "unknown variant `done`, expected one of `Planned`"),
        ("list", json!({ "category": "Nothing" }), "there is no category `Nothing`"),
        ("profile", json!({ "id": "T003", "kind": "gpu" }), "unknown variant `gpu`"),
        ("verdict", json!({ "id": "T003", "experiment": "one" }), "invalid type: string"),
    ] {
        let told = client.refused(tool, arguments);
        assert!(told.contains(why) && told.contains("\nNext: "), "{tool}: {told}");
    }
    assert!(client.refused("show", json!({ "idd": 1 })).contains("it takes `id` (The improvement, such as T003"));
    // What is no protocol is passed over, and disturbs nobody.
    for line in ["", "garbage", "{\"jsonrpc\": \"2.0\"", "\u{1b}[2J", "null"] {
        client.say(line);
    }
    client.send(&json!({ "jsonrpc": "2.0", "id": 99, "method": "no/such" }));
    assert_eq!(client.answer(99)["error"]["code"], -32601);
    assert_eq!(client.told("show", json!({ "id": "T003" }))["data"]["id"], "T003");
    assert_eq!(client.leave().0.code(), Some(0));
    // An assignment that does not exist is a mistake of whoever has configured the server.
    let lost = lab.command(&["mcp", "--assignment", "7"]).output().unwrap();
    assert_eq!((lost.status.code(), lost.stdout.len()), (Some(3), 0), "{}", String::from_utf8_lossy(&lost.stderr));
}

#[test]
fn there_are_resources_too() {
    let yard = Yard::new("true");
    yard.hand_to_a_person();
    assert_eq!(yard.run(&["assign", "T003"]).code, 0);
    let mut client = Client::start(command(&yard.lab, Some("T003")));
    let listed = client.ask("resources/list", json!({}))["result"]["resources"].clone();
    assert_eq!(listed.as_array().map(Vec::len), Some(2), "{listed}");
    let templates = client.ask("resources/templates/list", json!({}));
    assert_eq!(templates["result"]["resourceTemplates"][0]["uriTemplate"], "workbench://improvement/{id}");
    let mut read = |uri: &str| client.ask("resources/read", json!({ "uri": uri }));
    let brief = read("workbench://brief")["result"]["contents"][0].clone();
    assert_eq!(brief["mimeType"], "text/markdown");
    assert!(brief["text"].as_str().unwrap().starts_with("# T003"), "{brief}");
    let entry = read("workbench://improvement/T003")["result"]["contents"][0]["text"].clone();
    let entry: Value = serde_json::from_str(entry.as_str().unwrap()).unwrap();
    assert_eq!(entry["data"]["id"], "T003");
    assert!(read("workbench://register")["error"].is_null());
    for uri in ["workbench://improvement/T999", "workbench://nothing", "file:///etc/passwd"] {
        assert_eq!(read(uri)["error"]["code"], -32002, "{uri}");
    }
}

#[test]
fn an_assignment_at_its_end_is_not_worked_on() {
    let yard = Yard::new("true");
    yard.hand_to_a_person();
    assert_eq!(yard.run(&["assign", "T003"]).code, 0);
    let mut client = Client::start(command(&yard.lab, Some("T003")));
    assert!(client.refused("submit", json!({ "note": "" })).contains("nothing is committed since its base"));
    assert!(client.refused("report", json!({ "state": "working" })).contains("no attempt that is under way"));
    for state in ["done", "complete", "finished", "merged"] {
        let told = client.refused("report", json!({ "state": state }));
        assert!(told.contains("expected one of `working`, `waiting`, `needs-input`"), "{told}");
    }
    std::fs::write(yard.lab.bench.path("tracking/work/1/tree/notes"), "not committed").unwrap();
    let dirty = client.refused("apply", json!({}));
    assert!(dirty.contains("1 file not committed: notes\nNext: commit them"), "{dirty}");
    std::fs::remove_file(yard.lab.bench.path("tracking/work/1/tree/notes")).unwrap();
    assert_eq!(yard.run(&["recall", "T003", "--reason", "later"]).code, 0);
    for tool in ["brief", "apply", "submit"] {
        let why = client.refused(tool, json!({ "note": "" }));
        assert!(why.contains("assignment 1 is withdrawn") || why.contains("unknown field"), "{why}");
    }
    assert_eq!(client.tools(), ["list", "show", "verdict", "profile"]);
}

#[test]
fn when_the_machine_is_busy_there_is_something_else_to_do() {
    let yard = held();
    let mut client = Client::start(command(&yard.lab, Some("T003")));
    let lease = yard.lab.lease("apply B001");
    let busy = client.call("apply", json!({}));
    assert_eq!((&busy["isError"], &busy["structuredContent"]["exit_code"]), (&true.into(), &75.into()), "{busy}");
    let told = busy["content"][0]["text"].as_str().unwrap();
    assert!(told.contains("the machine is busy") && told.contains("\nNext: ask again with `wait_s`"), "{told}");
    // Others are served meanwhile, and whoever waits gets the machine.
    let waiting = client.begin("tools/call", json!({ "name": "apply", "arguments": { "wait_s": 60 } }));
    let shown = client.begin("tools/call", json!({ "name": "show", "arguments": {} }));
    assert_eq!(client.answer(shown)["result"]["isError"], false);
    drop(lease);
    assert_eq!(client.answer(waiting)["result"]["structuredContent"]["data"]["passed"], true);
}

/// Nobody of the project runs any more, but for the server.
fn quiet(lab: &Lab, server: Option<i32>) {
    eventually("nobody is left", || lab.processes().iter().all(|pid| Some(*pid) == server));
}

/// A session in which an apply has measured a pair and goes on measuring.
fn measuring(yard: &Yard) -> (Client, i64) {
    yard.configure("improvements/T003.yaml", "batch: 8", "batch: 8, sleep_ms: 60");
    let mut client = Client::start(command(&yard.lab, Some("T003")));
    let asked = client.begin("tools/call", json!({ "name": "apply", "arguments": {} }));
    yard.lab.wait_for_pairs(1);
    (client, asked)
}

#[test]
fn what_is_cancelled_ends_and_goes_on_where_it_was() {
    let yard = held();
    let (mut client, asked) = measuring(&yard);
    client.send(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": asked } }));
    quiet(&yard.lab, Some(client.pid()));
    let kept = yard.lab.pairs();
    assert!(!kept.is_empty() && yard.lab.problems().is_empty());
    let applied = client.told("apply", json!({}));
    assert_eq!((&applied["data"]["passed"], &applied["data"]["experiment"]), (&true.into(), &1.into()), "{applied}");
    assert!(yard.lab.pairs().starts_with(&kept), "the same experiment went on");
}

#[test]
fn when_the_client_goes_or_the_server_is_killed_nothing_is_lost_and_nobody_is_left() {
    let yard = held();
    let (client, _) = measuring(&yard);
    let start = Instant::now();
    let (status, stderr) = client.leave();
    assert_eq!(status.code(), Some(0), "{stderr}");
    assert!(start.elapsed() < Duration::from_secs(20));
    assert_eq!(yard.lab.processes(), Vec::<i32>::new());
    let kept = yard.lab.pairs();
    assert!(!kept.is_empty() && yard.lab.problems().is_empty());

    let mut client = Client::start(command(&yard.lab, Some("T003")));
    client.begin("tools/call", json!({ "name": "apply", "arguments": {} }));
    yard.lab.wait_for_pairs(kept.len() + 1);
    kill(Pid::from_raw(client.pid()), Signal::SIGKILL).unwrap();
    quiet(&yard.lab, None);
    assert!(yard.lab.pairs().starts_with(&kept) && yard.lab.problems().is_empty());
}

#[test]
fn an_agent_works_through_it_under_its_supervisor_and_gives_way_to_nothing_of_its_own() {
    let greet = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "sh", "version": "1" } } });
    let call = |id: i64, name: &str, arguments: Value| json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": name, "arguments": arguments } });
    let asked = [
        greet,
        call(2, "brief", json!({})),
        call(3, "report", json!({ "state": "needs-input", "note": "may the format change?" })),
        call(4, "apply", json!({})),
        call(5, "submit", json!({ "note": "a note" })),
    ];
    let ask = |(id, line): (i32, &Value)| {
        format!("printf '%s\\n' '{line}'; until grep -q '\"id\":{id},' ../answers.jsonl; do sleep 0.05; done\n")
    };
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let asked: Vec<String> = (1..).zip(&asked).map(ask).collect();
    let yard = Yard::built(&format!(
        "sed -i 's/10_000.0/11_000.0/' toy/src/main.rs; git commit -qam '[Agent1] Transaction: change'
         touch ../answers.jsonl
         {{ {} printf '%s\\n' '{ready}'
         {} }} | workbench mcp > ../answers.jsonl",
        asked[0],
        asked[1..].concat()
    ));
    let ran = yard.assign();
    let answers = std::fs::read_to_string(yard.lab.bench.path("tracking/work/1/answers.jsonl")).unwrap();
    assert_eq!((ran.code, yard.stage()), (0, Stage::Review), "{}\n{}\n{answers}", ran.shown(), yard.said());
    let answer = |id: i64| {
        let lines = answers.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.into_iter().find(|line| line["id"] == id).unwrap()["result"].clone()
    };
    assert_eq!(answer(4)["structuredContent"]["data"]["passed"], true, "{answers}");
    // The gates are run once it has ended, by its supervisor.
    assert_eq!(answer(5)["structuredContent"]["data"]["recorded"], true, "{answers}");
    let attempt = yard.attempt();
    let said: Vec<(Doing, &str)> = attempt.said.iter().map(|said| (said.state, said.note.as_str())).collect();
    assert_eq!(said, [(Doing::NeedsInput, "may the format change?")], "{answers}");
    let submission = yard.life().submissions[0].clone();
    assert_eq!((submission.note.as_str(), submission.attempt), ("a note", Some(attempt.id)), "{answers}");
    assert_eq!((yard.ended().left_behind, yard.lab.processes()), (0, Vec::new()));
}
