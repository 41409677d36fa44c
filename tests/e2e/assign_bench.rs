//! A repository in which a script plays agent 1.

use std::path::PathBuf;
use std::process::Command;

use workbench::agents::Stage;
use workbench::agents::facts::{Attempt, Ended, Life};
use workbench::agents::supervisor::{Kept, Stream, TOKEN_VARIABLE, read_output};
use workbench::machine::processes::marked;
use workbench::tracking::Reader;

use super::apply_bench::Lab;
use super::apply_faults::built_lab;
use super::bench::{Ran, eventually};

/// The project of a [`Lab`] in a repository, whose T003 belongs to a script.
pub(crate) struct Yard {
    pub(crate) lab: Lab,
}

impl Yard {
    /// Nothing is built in it: for what happens before the gates that build.
    pub(crate) fn new(script: &str) -> Self {
        Self::of(Lab::new(0.4), script)
    }

    /// The toy is built, by Cargo.
    pub(crate) fn built(script: &str) -> Self {
        Self::of(built_lab(), script)
    }

    fn of(lab: Lab, script: &str) -> Self {
        let yard = Self { lab };
        yard.lab.bench.write(
            "agents/agent-01.yaml",
            format!(
                "number: 1\nname: Agent 1\nspecialization: Transaction Layer Expert\nmodules: [\"toy/src/**\", notes]\n\
                 runner: {{kind: command, command: [/bin/sh, \"{}\", \"{{id}}\", \"{{branch}}\", \"{{brief}}\", \"{{worktree}}\"]}}\n",
                yard.script_file().display()
            ),
        );
        let config = std::fs::read_to_string(yard.lab.bench.path("workbench.yaml")).unwrap();
        let limits = "agents: {minutes: 1, output_mb: 1, grace_ms: 300}\n";
        yard.lab.bench.write("workbench.yaml", config + limits);
        yard.lab.bench.write(".gitignore", "tracking/\ntmp/\ntarget/\nmachine/\n/driver\n/agent.sh\nprofiles/\n");
        yard.play(script);
        yard.git(&["init", "-q", "-b", "trunk"]);
        yard.git(&["add", "."]);
        yard.git(&["commit", "-q", "-m", "base"]);
        yard
    }

    /// From now on the agent does this.
    pub(crate) fn play(&self, script: &str) {
        self.lab.bench.write("agent.sh", format!("set -eu\n{script}\n"));
    }

    /// The wall time of an attempt, seconds.
    pub(crate) fn limit_s(&self, seconds: f64) {
        self.configure("workbench.yaml", "minutes: 1,", &format!("minutes: {},", seconds / 60.0));
    }

    /// Changes a file of the project, and its commit with it.
    pub(crate) fn configure(&self, name: &str, from: &str, to: &str) {
        self.lab.bench.replace(name, from, to);
        self.git(&["commit", "-q", "--all", "--amend", "--no-edit"]);
    }

    /// From now on a person plays agent 1.
    pub(crate) fn hand_to_a_person(&self) {
        let text = std::fs::read_to_string(self.lab.bench.path("agents/agent-01.yaml")).unwrap();
        let (_, runner) = text.split_once("runner: ").unwrap();
        self.configure("agents/agent-01.yaml", runner, "{kind: human}\n");
    }

    /// Commits a file on the assignment's branch, as a person would.
    pub(crate) fn commit(&self, file: &str, text: &str) {
        let tree = self.lab.bench.path("tracking/work/1/tree");
        std::fs::write(tree.join(file), text).unwrap();
        let tree = tree.display().to_string();
        self.git(&["-C", &tree, "add", "."]);
        self.git(&["-C", &tree, "commit", "-q", "-m", &format!("[Agent1] Transaction: {file}")]);
    }

    fn script_file(&self) -> PathBuf {
        self.lab.bench.path("agent.sh")
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        let who = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"];
        let output = Command::new("git").arg("-C").arg(self.lab.bench.root()).args(who).args(args).output().unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.lab.run(args)
    }

    /// Assigns T003 and waits for the end.
    pub(crate) fn assign(&self) -> Ran {
        self.run(&["assign", "T003", "--wait"])
    }

    /// Assigns T003 and does not wait.
    pub(crate) fn begin(&self) {
        let ran = self.run(&["assign", "T003"]);
        assert_eq!(ran.code, 0, "{}", ran.shown());
    }

    /// All that is known of every assignment.
    pub(crate) fn lives(&self) -> Vec<Life> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            match Reader::open_at(&self.lab.bench.path("tracking/workbench.db")).await.unwrap() {
                Some(reader) => reader.lives().await.unwrap(),
                None => Vec::new(),
            }
        })
    }

    /// All that is known of the latest assignment.
    pub(crate) fn life(&self) -> Life {
        self.lives().into_iter().next_back().expect("an assignment")
    }

    pub(crate) fn stage(&self) -> Stage {
        Stage::now(&self.life())
    }

    pub(crate) fn attempt(&self) -> Attempt {
        self.life().attempts.last().cloned().expect("an attempt")
    }

    /// How the last attempt ended; no process of it is left. Its output tells of the end a moment before the store does.
    pub(crate) fn ended(&self) -> Ended {
        eventually("the attempt has ended", || self.attempt().ended.is_some());
        let attempt = self.attempt();
        assert_eq!(marked(TOKEN_VARIABLE, &attempt.token), [], "processes are left");
        attempt.ended.expect("an end")
    }

    /// What the last attempt wrote to a stream.
    pub(crate) fn output(&self, stream: Stream) -> Vec<u8> {
        let file = format!("tracking/work/1/attempt-{}.jsonl", self.attempt().number);
        let kept: Vec<Kept> = read_output(&self.lab.bench.path(&file)).unwrap();
        kept.into_iter().filter(|kept| kept.stream == stream).flat_map(|kept| kept.bytes).collect()
    }

    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&self.output(Stream::Stdout)).into_owned()
            + &String::from_utf8_lossy(&self.output(Stream::Stderr))
    }

    /// Waits until the script has made a file in its worktree.
    pub(crate) fn wait_for(&self, name: &str) {
        let path = self.lab.bench.path("tracking/work/1/tree").join(name);
        eventually(&format!("{name} is there"), || path.exists());
    }

    /// The checkout is as it was: same branch, nothing changed, and it sees nothing of all this.
    pub(crate) fn checkout_is_untouched(&self) {
        assert_eq!(self.git(&["status", "--porcelain"]), "");
        assert_eq!(self.git(&["rev-parse", "--abbrev-ref", "HEAD"]), "trunk");
        assert_eq!(self.git(&["log", "--format=%s"]), "base");
    }
}
