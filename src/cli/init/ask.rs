//! Questions on a terminal; without one, what is missing is an error that names the choices.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::cli::{Exit, Failure};
use crate::yaml::nearest;

/// One of `choices`.
pub(super) fn one(what: &str, flag: &str, given: Option<&str>, choices: &[String]) -> Result<String, Failure> {
    if let Some(given) = given {
        return known(what, given, choices).cloned();
    }
    match choices {
        [] => Err(nothing(what)),
        [only] => Ok(only.clone()),
        _ => {
            let answer = ask(&format!("Which {what}?"), flag, choices)?;
            picked(what, &answer, choices)?.into_iter().next().ok_or_else(|| missing(what, flag, choices))
        }
    }
}

/// At least one of `choices`.
pub(super) fn several(what: &str, flag: &str, given: &[String], choices: &[String]) -> Result<Vec<String>, Failure> {
    if !given.is_empty() {
        return given.iter().map(|given| known(what, given, choices).cloned()).collect();
    }
    if choices.is_empty() {
        return Err(nothing(what));
    }
    let answer = ask(&format!("Which {what}s? (numbers or names, or `all`)"), flag, choices)?;
    let picked = picked(what, &answer, choices)?;
    if picked.is_empty() { Err(missing(what, flag, choices)) } else { Ok(picked) }
}

/// What stands in a line of numbers and names.
fn picked(what: &str, answer: &str, choices: &[String]) -> Result<Vec<String>, Failure> {
    if answer.trim() == "all" {
        return Ok(choices.to_vec());
    }
    let words = answer.split([',', ' ', '\n']).filter(|word| !word.is_empty());
    let choice = |word: &str| match word.parse::<usize>().ok().and_then(|number| choices.get(number.wrapping_sub(1))) {
        Some(choice) => Ok(choice.clone()),
        None => known(what, word, choices).cloned(),
    };
    words.map(choice).collect()
}

fn ask(question: &str, flag: &str, choices: &[String]) -> Result<String, Failure> {
    let terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
    if !terminal {
        return Err(missing(question.trim_start_matches("Which ").trim_end_matches('?'), flag, choices));
    }
    let mut text = format!("{question}\n");
    for (index, choice) in choices.iter().enumerate() {
        text += &format!("  {:>2}  {choice}\n", index + 1);
    }
    let mut line = String::new();
    let answered = write!(io::stderr(), "{text}> ").and_then(|()| io::stdin().lock().read_line(&mut line));
    answered.map(|_| line).map_err(|error| Failure::new(Exit::Failed, miette::miette!("cannot ask: {error}")))
}

fn known<'a>(what: &str, given: &str, choices: &'a [String]) -> Result<&'a String, Failure> {
    choices.iter().find(|choice| *choice == given).ok_or_else(|| {
        let all = choices.join(", ");
        let help = match nearest(given, choices.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if choices.is_empty() => "there is none".to_owned(),
            None => format!("there are: {all}"),
        };
        Failure::new(
            Exit::NotFound,
            miette::miette!(code = "init::unknown", help = help, "there is no {what} `{given}`"),
        )
    })
}

fn missing(what: &str, flag: &str, choices: &[String]) -> Failure {
    let help = format!("name it with {flag}; there are: {}", choices.join(", "));
    let what = what.split(" (").next().unwrap_or(what);
    Failure::new(Exit::Usage, miette::miette!(code = "init::missing", help = help, "it is not said which {what}"))
}

fn nothing(what: &str) -> Failure {
    let help = "an improvement is a Cargo feature, and it is measured by a bench, an example or a binary of the package; \
                `probe/examples/counter.rs` is a driver to begin with";
    Failure::new(Exit::NotFound, miette::miette!(code = "init::nothing", help = help, "the package has no {what}"))
}
