//! Many agents that do the same at once: a phase of their own, none of whose improvements is measured.

use std::fmt::Write;
use std::fs;

use super::apply_bench::Lab;
use super::assign_bench::Yard;

/// The phase of the crowd.
pub(crate) const PHASE: &str = "2";

/// `lab` in a repository, with agents 21 and so on of whom each runs `script` for an improvement of its own: `$1` is the improvement, `$2`
/// how many they are. They begin when all are there.
pub(crate) fn crowd(lab: Lab, count: u32, limits: &str, script: &str) -> Yard {
    let (bench, mut members) = (&lab.bench, String::new());
    let script_file = bench.path("crowd.sh").display().to_string();
    for number in 21..21 + count {
        bench.write(
            &format!("improvements/T2{number}.yaml"),
            format!(
                "id: T2{number}\ntitle: Noise {number}\ncategory: Transaction\npriority: critical\nagents: [{number}]\nmodules: [n{number}]\n\
                 claim: {{text: Noise, metric: tps, better: higher}}\nphase: {PHASE}\nfeature: n{number}\n"
            ),
        );
        bench.write(
            &format!("agents/agent-{number}.yaml"),
            format!(
                "number: {number}\nname: Agent {number}\nspecialization: Noise\nmodules: [n{number}]\n\
                 runner: {{kind: command, command: [/bin/sh, \"{script_file}\", \"{{id}}\", \"{count}\"]}}\n"
            ),
        );
        write!(members, ", T2{number}").unwrap();
    }
    bench.replace("improvements/phases.yaml", "[B001]", &format!("[B001{members}]"));
    let config = fs::read_to_string(bench.path("workbench.yaml")).unwrap();
    let agents = format!("agents: {{parallel: {count}, attempts: 1, minutes: 30, grace_ms: 300, {limits}}}\n");
    bench.write("workbench.yaml", config + &agents);
    bench.write(".gitignore", "tracking/\ntmp/\ntarget/\nmachine/\nprofiles/\n/driver\n/crowd.sh\n/said\n/begun\n");
    let together = "set -eu\nbegun=$WORKBENCH_PROJECT/begun; mkdir -p $begun; : > $begun/$1\n\
                    while [ $(ls $begun | wc -l) -lt $2 ]; do sleep 0.05; done\n";
    bench.write("crowd.sh", format!("{together}{script}\n"));
    let yard = Yard { lab };
    yard.git(&["init", "-q", "-b", "trunk"]);
    yard.git(&["add", "."]);
    yard.git(&["commit", "-q", "-m", "base"]);
    yard
}
