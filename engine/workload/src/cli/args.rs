//! Arguments: `workload [driver]`, `workload list`, `workload run WORKLOAD …`, `workload matrix`, `workload relay DIR`.

use std::io::Write;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use probe::protocol::{Failure, ParamKind, ParamSpec, Params, WorkloadSpec};
use tabled::settings::Style;

use super::matrix::{self, matrix_command, relay_command};
use super::run::{self, Plan};
use crate::catalog;
use crate::driver::WorkloadDriver;
use crate::subject::Subject;

/// Parses the arguments and does what they say.
///
/// Exit codes: 0 done and every check held, 1 failed or a check did not hold, 2 wrong usage.
pub fn main(subject: &'static Subject) -> ExitCode {
    let specs = catalog::specs();
    let matches = command(&specs).get_matches();
    let outcome = match matches.subcommand() {
        None | Some(("driver", _)) => return probe::run(WorkloadDriver::new(subject)),
        Some(("list", _)) => list(subject, &specs),
        Some(("matrix", given)) => matrix::matrix(subject, given),
        Some(("relay", given)) => matrix::relay(subject, given),
        Some(("run", run)) => match run.subcommand() {
            Some((name, given)) => run::run(subject, &plan(name, given, &specs)),
            None => unreachable!("clap requires a workload"),
        },
        Some((other, _)) => unreachable!("clap knows no subcommand {other}"),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            let Failure { message, remedy, .. } = failure;
            let _ = writeln!(std::io::stderr(), "error: {message}\n  help: {remedy}");
            ExitCode::FAILURE
        }
    }
}

fn command(specs: &[WorkloadSpec]) -> Command {
    let workloads = specs.iter().map(|spec| {
        Command::new(spec.name.clone())
            .about(spec.summary.clone())
            .arg(number("seconds", "10", "How long to run").conflicts_with("ops"))
            .arg(number("ops", "", "Run this many transactions instead"))
            .arg(number("warm-up", "1", "Seconds to run before, not counted"))
            .arg(number("seed", "1", "The same seed means the same data and the same inputs"))
            .arg(
                Arg::new("layers")
                    .long("layers")
                    .action(ArgAction::SetTrue)
                    .help("Show where the CPU time of a transaction goes, by layer and by kind"),
            )
            .arg(Arg::new("profile").long("profile").value_name("FILE").help("Write a folded CPU profile of the run"))
            .args(spec.params.iter().map(|(name, param)| argument(name, param)))
    });
    Command::new("workload")
        .about("The engine's workloads. Without arguments it speaks the driver protocol on stdin and stdout.")
        .subcommand(Command::new("driver").about("Speak the driver protocol on stdin and stdout (the default)"))
        .subcommand(Command::new("list").about("Show the workloads and their parameters"))
        .subcommand(
            Command::new("run")
                .about("Run a workload and print a table")
                .subcommand_required(true)
                .subcommands(workloads),
        )
        .subcommand(matrix_command())
        .subcommand(relay_command())
}

fn number(name: &'static str, default: &'static str, help: &'static str) -> Arg {
    let arg = Arg::new(name).long(name).value_name("N").help(help).value_parser(value_parser!(u64));
    if default.is_empty() { arg } else { arg.default_value(default) }
}

/// A parameter as an option: `row_bytes` is `--row-bytes`.
fn argument(name: &str, spec: &ParamSpec) -> Arg {
    let default = shown(&spec.default);
    let arg = Arg::new(name.to_owned()).long(name.replace('_', "-")).help(spec.help.clone());
    let arg = if default.is_empty() { arg } else { arg.default_value(default) };
    match &spec.kind {
        ParamKind::Integer { min, max } => arg.value_name("N").value_parser(value_parser!(u64).range(min..=max)),
        ParamKind::Number { .. } => arg.value_name("X"),
        ParamKind::Choice { choices } => arg.value_parser(PossibleValuesParser::new(choices.clone())),
        ParamKind::Text => arg.value_name("TEXT"),
        ParamKind::Flag => arg.value_name("BOOL"),
    }
}

fn plan(name: &str, given: &ArgMatches, specs: &[WorkloadSpec]) -> Plan {
    let number = |name| given.get_one::<u64>(name).copied();
    let params = specs.iter().filter(|spec| spec.name == name).flat_map(|spec| spec.params.keys());
    let params: Params = params
        .filter_map(|param| {
            let mut raw = given.get_raw(param)?;
            Some((param.clone(), raw.next()?.to_str()?.into()))
        })
        .collect();
    Plan {
        workload: name.to_owned(),
        seed: number("seed").unwrap_or_default(),
        seconds: number("seconds").unwrap_or_default(),
        ops: number("ops"),
        warm_up_seconds: number("warm-up").unwrap_or_default(),
        layers: given.get_flag("layers"),
        profile: given.get_one::<String>("profile").map(Into::into),
        params,
    }
}

fn list(subject: &Subject, specs: &[WorkloadSpec]) -> Result<bool, Failure> {
    let mut text = String::new();
    for spec in specs {
        let mut rows = tabled::builder::Builder::default();
        rows.push_record(["parameter", "default", "may be", "what for"]);
        for (name, param) in &spec.params {
            rows.push_record([name.clone(), shown(&param.default), allowed(&param.kind), param.help.clone()]);
        }
        let table = rows.build().with(Style::rounded()).to_string();
        text += &format!("{}: {}\n{table}\n\n", spec.name, spec.summary);
    }
    text += &format!("improvements on: {}\n", run::features_text(&subject.features()));
    run::print(&text)?;
    Ok(true)
}

fn shown(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn allowed(kind: &ParamKind) -> String {
    match kind {
        ParamKind::Integer { min, max } => format!("{min} to {max}"),
        ParamKind::Number { min, max } => format!("{min} to {max}"),
        ParamKind::Choice { choices } => choices.join(", "),
        ParamKind::Text => "text".to_owned(),
        ParamKind::Flag => "true, false".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound_and_passes_parameters_on() {
        let specs = catalog::specs();
        command(&specs).debug_assert();
        let line = ["workload", "run", "tpcc", "--warehouses", "3", "--sessions", "8", "--seconds", "2"];
        let matches = command(&specs).try_get_matches_from(line).unwrap();
        let (name, given) = matches.subcommand_matches("run").unwrap().subcommand().unwrap();
        let plan = plan(name, given, &specs);
        assert_eq!((plan.params["warehouses"].as_str(), plan.seconds), (Some("3"), 2));
        for wrong in [["--warehouses", "0"], ["--sesions", "4"], ["--store", "floppy"]] {
            let line = ["workload", "run", "tpcc"].into_iter().chain(wrong);
            assert!(command(&specs).try_get_matches_from(line).is_err(), "{wrong:?}");
        }
    }
}
