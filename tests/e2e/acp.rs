//! Agents that speak a protocol: a script that plays one, under a supervisor.

use std::process::Command;

use serde_json::{Value, json};
use workbench::agents::Stage;
use workbench::agents::facts::Ending;

use super::assign_bench::Yard;
use super::mcp_client::Client;

/// What the agent answers to the first two requests.
const OPENED: [&str; 2] = [
    r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":1,"agentCapabilities":{}}}"#,
    r#"{"jsonrpc":"2.0","id":2,"result":{"sessionId":"s1"}}"#,
];

/// A yard whose agent 1 speaks the protocol: it answers each line with the next of `answers`, and then does the rest.
fn yard(answers: &[&str], rest: &str) -> Yard {
    let hear = "read -r line; printf '%s\\n' \"$line\" >> ../heard.jsonl\n";
    let script: String = answers.iter().map(|answer| format!("{hear}printf '%s\\n' '{answer}'\n")).collect();
    let yard = Yard::new(&format!("{script}{hear}{rest}"));
    yard.configure("agents/agent-01.yaml", "kind: command", "kind: acp");
    yard
}

/// What the agent has heard.
fn heard(yard: &Yard) -> Vec<Value> {
    let text = std::fs::read_to_string(yard.lab.bench.path("tracking/work/1/heard.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn it_gets_the_brief_works_in_its_worktree_and_hands_in() {
    let asks = |id: &str, kind: &str, path: &str| {
        let call = json!({ "toolCallId": id, "title": format!("{kind} {path}"), "kind": kind, "locations": [{ "path": path }] });
        let options = json!([{ "optionId": "yes", "name": "Yes", "kind": "allow_once" }, { "optionId": "no", "name": "No", "kind": "reject_once" }]);
        json!({ "jsonrpc": "2.0", "id": id, "method": "session/request_permission",
                "params": { "sessionId": "s1", "toolCall": call, "options": options } })
        .to_string()
    };
    let says = r#"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s1","update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"let me see"}}}}"#;
    let reads =
        r#"{"jsonrpc":"2.0","id":"r","method":"fs/read_text_file","params":{"sessionId":"s1","path":"/etc/passwd"}}"#;
    let (inside, outside) = (asks("a", "edit", "notes"), asks("b", "edit", "/etc/passwd"));
    let yard = yard(
        &OPENED,
        &format!(
            "printf '%s\\n' '{says}' 'no protocol' '{inside}'; read -r line; printf '%s\\n' \"$line\" >> ../heard.jsonl
             printf '%s\\n' '{outside}'; read -r line; printf '%s\\n' \"$line\" >> ../heard.jsonl
             printf '%s\\n' '{reads}'; read -r line; printf '%s\\n' \"$line\" >> ../heard.jsonl
             echo mine > README.md; git add .; git commit -qm '[Agent1] Transaction: notes' >&2
             workbench submit --note 'by a protocol' >&2
             printf '%s\\n' '{{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{{\"stopReason\":\"end_turn\"}}}}'"
        ),
    );
    let ran = yard.assign();
    let ended = yard.ended();
    assert_eq!(ended.ending, Ending::Finished, "{}\n{}\n{}", ended.reason, yard.said(), ran.shown());
    assert!(ended.reason.ends_with("it thinks that it is done"), "{}", ended.reason);
    let heard = heard(&yard);
    let worktree = yard.lab.bench.path("tracking/work/1/tree").display().to_string();
    assert_eq!(heard[0]["params"]["protocolVersion"], 1);
    assert_eq!(heard[1]["params"]["cwd"], worktree.as_str());
    let prompt = heard[2]["params"]["prompt"][0]["text"].as_str().unwrap();
    assert!(prompt.starts_with("# T003: WAL group commit"), "{prompt}");
    assert_eq!(
        heard[3],
        json!({ "jsonrpc": "2.0", "id": "a", "result": { "outcome": { "outcome": "selected", "optionId": "yes" } } })
    );
    assert_eq!(heard[4]["result"]["outcome"]["optionId"], "no");
    assert_eq!(heard[5]["error"]["code"], -32601);
    let said = yard.said();
    for line in
        ["let me see", "no protocol", "allowed: edit notes", "rejected: edit /etc/passwd: /etc/passwd is outside"]
    {
        assert!(said.contains(line), "{line}: {said}");
    }
    // What it handed in is no module of its own: the gates judge it as anybody's.
    assert_eq!((yard.life().submissions[0].note.as_str(), yard.stage()), ("by a protocol", Stage::Refused));

    // The server that it was offered can be started from what was written there, and from nothing else.
    let offered = &heard[1]["params"]["mcpServers"][0];
    assert_eq!(offered["name"], "workbench");
    let mut command = Command::new(offered["command"].as_str().unwrap());
    command.args(offered["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap())).env_clear();
    for pair in offered["env"].as_array().unwrap() {
        command.env(pair["name"].as_str().unwrap(), pair["value"].as_str().unwrap());
    }
    command.current_dir("/");
    let mut client = Client::start(command);
    assert!(client.hello["instructions"].as_str().unwrap().contains("You work on T003"), "{}", client.hello);
    let over = client.refused("report", json!({ "state": "working" }));
    assert!(over.contains("no attempt that is under way"), "its attempt is over: {over}");
}

#[test]
fn why_it_stopped_is_kept() {
    let stops = |reason: &str| format!(r#"{{"jsonrpc":"2.0","id":3,"result":{{"stopReason":"{reason}"}}}}"#);
    for (third, told) in [
        (stops("refusal"), "it refused"),
        (stops("max_tokens"), "it has used up its tokens"),
        (stops("a reason of the future"), "it stopped for a reason of its own"),
        (
            r#"{"jsonrpc":"2.0","id":3,"error":{"code":-32000,"message":"no credit"}}"#.to_owned(),
            "the agent refused `session/prompt`: no credit",
        ),
        (r#"{"jsonrpc":"2.0","id":3,"result":{}}"#.to_owned(), "has no `stopReason`"),
    ] {
        let yard = yard(&[OPENED[0], OPENED[1], &third], "true");
        assert_eq!(yard.assign().code, 4);
        let ended = yard.ended();
        assert_eq!((ended.ending, yard.stage()), (Ending::Failed, Stage::Ended), "{}", ended.reason);
        assert!(ended.reason.contains(told), "{told}: {}", ended.reason);
    }
    let newer = yard(&[r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":2}}"#], "true");
    assert_eq!(newer.assign().code, 4);
    assert!(
        newer.ended().reason.contains("speaks version 2 of the protocol, and this is version 1"),
        "{}",
        newer.ended().reason
    );
    let silent = yard(&[OPENED[0]], "exit 3");
    assert_eq!(silent.assign().code, 4);
    assert!(
        silent.ended().reason.contains("went away without an answer to `session/new`"),
        "{}",
        silent.ended().reason
    );
}

#[test]
fn one_that_takes_too_long_is_told_to_stop_and_leaves_nobody() {
    // It hears the cancellation and says so; the signal that comes with it is not for it.
    let yard = yard(
        &OPENED,
        "trap '' INT; sleep 1000 &
         read -r line; printf '%s\\n' \"$line\" >> ../heard.jsonl
         printf '%s\\n' '{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"stopReason\":\"cancelled\"}}'; sleep 0.1",
    );
    yard.limit_s(1.0);
    assert_eq!(yard.assign().code, 4);
    let ended = yard.ended();
    assert_eq!(ended.ending, Ending::OutOfTime, "{}", ended.reason);
    assert!(ended.reason.contains("ended by INT") && ended.reason.contains("it was told to stop"), "{}", ended.reason);
    assert_eq!(heard(&yard).last().unwrap()["method"], "session/cancel");
}

#[test]
fn a_program_that_wants_a_file_of_servers_gets_one() {
    let yard = Yard::new("test -r \"$5\"; cat \"$5\"; stat -c %a \"$5\"");
    yard.configure("agents/agent-01.yaml", "kind: command", "kind: mcp");
    let untold = yard.run(&["agents"]);
    assert_eq!(untold.code, 1);
    assert!(
        untold.stderr.contains("not told where our MCP server is") && untold.stderr.contains("put `{mcp}`"),
        "{}",
        untold.stderr
    );
    yard.configure("agents/agent-01.yaml", "\"{worktree}\"", "\"{worktree}\", \"{mcp}\"");
    assert_eq!(yard.assign().code, 4);
    let said = yard.said();
    assert_eq!(yard.ended().exit_code, Some(0), "{said}");
    assert!(
        said.contains("\"mcpServers\"") && said.contains("\"WORKBENCH_ASSIGNMENT\": \"1\"") && said.ends_with("600\n"),
        "{said}"
    );
}
