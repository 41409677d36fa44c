//! Command lines with their places filled in.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use probe::protocol::{Failure, Params};
use serde_json::Value;

use super::task::Task;

/// The values of all places for one workload.
#[derive(Debug, Clone)]
pub(super) struct Places(BTreeMap<String, String>);

impl Places {
    /// Those of `workload` with `params`; `out` is the file that `{out}` names.
    pub(super) fn new(task: &Task, workload: &str, params: &Params, out: &Path) -> Result<Self, Failure> {
        let mut places = BTreeMap::from([
            ("program".to_owned(), task.program.display().to_string()),
            ("workload".to_owned(), workload.to_owned()),
            ("filter".to_owned(), format!("^{}$", regex::escape(workload))),
            ("out".to_owned(), out.display().to_string()),
            ("features".to_owned(), task.features.join(",")),
        ]);
        let used = [task.adapter.command.as_slice(), &task.adapter.check].concat();
        for (name, value) in params {
            let is_used = used.iter().any(|argument| argument.contains(&format!("{{{name}}}")));
            if places.contains_key(name) || !is_used {
                let remedy = format!("write {{{name}}} where it belongs in `target.adapter.command`");
                return Err(Failure::new(format!("nothing takes the parameter `{name}`"), remedy));
            }
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            places.insert(name.clone(), if *value == Value::Null { String::new() } else { text });
        }
        Ok(Self(places))
    }

    /// `command` with all places filled.
    pub(super) fn fill(&self, command: &[String]) -> Result<Vec<OsString>, Failure> {
        command.iter().map(|argument| self.argument(argument).map(OsString::from)).collect()
    }

    fn argument(&self, argument: &str) -> Result<String, Failure> {
        let (mut filled, mut rest) = (String::new(), argument);
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, behind)) = after.split_once('}').filter(|(name, _)| is_name(name)) else {
                // A brace that opens no place is the command's own: `awk '{ print }'`.
                filled.push_str(before);
                filled.push('{');
                rest = after;
                continue;
            };
            let Some(value) = self.0.get(name) else {
                let remedy = format!("give the trial a parameter `{name}`, or write one of: {}", self.names());
                return Err(Failure::new(format!("`{argument}` has a place {{{name}}} that nothing fills"), remedy));
            };
            filled.push_str(before);
            filled.push_str(value);
            rest = behind;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn names(&self) -> String {
        self.0.keys().map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join(", ")
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !text.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::config::{Adapter, Reads};

    fn filled(command: &[&str], params: &[(&str, Value)]) -> Result<Vec<OsString>, Failure> {
        let command: Vec<String> = command.iter().map(ToString::to_string).collect();
        let adapter =
            Adapter { reads: Reads::Process, command: command.clone(), figures: Vec::new(), check: Vec::new() };
        let task = Task {
            name: "t".to_owned(),
            program: PathBuf::from("/b/driver"),
            folder: PathBuf::new(),
            adapter,
            features: vec!["a".to_owned(), "b".to_owned()],
            workloads: Vec::new(),
        };
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Places::new(&task, "sort/10 (a+b)", &params, Path::new("/w/out"))?.fill(&command)
    }

    #[test]
    fn every_place_is_filled_and_other_braces_stay() {
        let command =
            ["{program}", "{filter}", "--size={size}", "{features}", "awk '{ print $1 }' {", "{out}", "{2,3}"];
        let words = filled(&command, &[("size", 7.into())]).unwrap();
        let expected =
            ["/b/driver", r"^sort/10 \(a\+b\)$", "--size=7", "a,b", "awk '{ print $1 }' {", "/w/out", "{2,3}"];
        assert_eq!(words, expected.map(OsString::from));
    }

    #[test]
    fn what_fits_nowhere_is_refused() {
        let error = filled(&["{program}", "{size}"], &[]).unwrap_err();
        assert_eq!(error.message, "`{size}` has a place {size} that nothing fills");
        let error = filled(&["{program}"], &[("size", 7.into())]).unwrap_err();
        assert!(error.message.contains("nothing takes the parameter `size`"), "{error}");
        let error = filled(&["{program}"], &[("program", "x".into())]).unwrap_err();
        assert!(error.message.contains("nothing takes the parameter `program`"), "{error}");
    }
}
