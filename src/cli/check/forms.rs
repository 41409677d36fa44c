//! The outcome in the forms that continuous integration reads: JUnit XML, a job's summary in Markdown, annotations.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use quick_xml::escape::escape;

use super::{Args, Line, Meta, Outcome, told};
use crate::cli::output::{self, Format};
use crate::cli::{Exit, Failure, OrExit, files};

/// Writes what was asked for, and what GitHub Actions asks for by its environment.
pub(super) fn write(args: &Args, lines: &[Line], meta: &Meta) -> Result<(), Failure> {
    if let Some(file) = &args.junit {
        files::write(file, &junit(lines), "check::cannot_write")?;
    }
    let markdown = || format!("## workbench check\n\n{}\n\n{}", told(meta), output::render(Format::Md, lines, &()));
    match (&args.summary, std::env::var_os("GITHUB_STEP_SUMMARY")) {
        (Some(file), _) => files::write(file, &markdown(), "check::cannot_write")?,
        (None, Some(file)) if !file.is_empty() => append(&PathBuf::from(file), &markdown())?,
        (None, _) => {}
    }
    if std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        // The runner reads commands from either stream; results stay alone on stdout.
        let _ = io::stderr().write_all(annotations(lines).as_bytes());
    }
    Ok(())
}

/// Test suites as Jenkins, GitLab and GitHub's actions read them: one suite, one case for each check.
fn junit(lines: &[Line]) -> String {
    let count = |outcome| lines.iter().filter(|line| line.outcome == outcome).count();
    let (failures, skipped) = (count(Outcome::Failed), count(Outcome::Skipped));
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    let _ = writeln!(
        text,
        "  <testsuite name=\"workbench check\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\">",
        lines.len()
    );
    for line in lines {
        let (id, check, said) = (xml(&line.improvement.0), line.check.word(), xml(&line.told));
        let inside = match line.outcome {
            Outcome::Passed => format!("<system-out>{said}</system-out>"),
            Outcome::Failed => format!("<failure message=\"{said}\"/>"),
            Outcome::Skipped => format!("<skipped message=\"{said}\"/>"),
        };
        let _ = writeln!(text, "    <testcase classname=\"{id}\" name=\"{check}\">{inside}</testcase>");
    }
    text += "  </testsuite>\n</testsuites>\n";
    text
}

/// Text as XML may hold it: no control characters but white space (<https://www.w3.org/TR/xml/#charsets>).
fn xml(text: &str) -> String {
    let allowed = |char: char| !char.is_control() && !matches!(char, '\u{fffe}' | '\u{ffff}');
    let clean: String = text.chars().map(|char| if allowed(char) { char } else { ' ' }).collect();
    escape(&clean).into_owned()
}

/// `::error …` for what fails, `::notice …` for what is skipped.
fn annotations(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        let level = match line.outcome {
            Outcome::Passed => continue,
            Outcome::Failed => "error",
            Outcome::Skipped => "notice",
        };
        let file = property(&format!("improvements/{}.yaml", line.improvement));
        let title = property(&format!("{} {}", line.improvement, line.check.word()));
        let _ = writeln!(text, "::{level} file={file},title={title}::{}", message(&line.told));
    }
    text
}

/// Escaped as the runner's own toolkit does.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

fn append(file: &Path, text: &str) -> Result<(), Failure> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| miette::miette!(code = "check::cannot_write", "cannot write {}: {error}", file.display()))
        .or_exit(Exit::Failed)
}

#[cfg(test)]
mod tests {
    use super::super::Check;
    use super::*;
    use crate::improvements::ImprovementId;

    fn line(outcome: Outcome, told: &str) -> Line {
        Line { improvement: ImprovementId("T003".to_owned()), check: Check::Replays, outcome, told: told.to_owned() }
    }

    #[test]
    fn junit_is_xml_whatever_was_told() {
        use quick_xml::Reader;
        use quick_xml::events::Event;
        let lines = [
            line(Outcome::Passed, "fine"),
            line(Outcome::Failed, "a < b & \"c\" \u{1b}[31m\0 ]]> 'd'"),
            line(Outcome::Skipped, "öß…"),
        ];
        let text = junit(&lines);
        let mut reader = Reader::from_str(&text);
        let mut names = Vec::new();
        loop {
            match reader.read_event().unwrap() {
                Event::Start(tag) | Event::Empty(tag) => {
                    assert!(tag.attributes().all(|attribute| attribute.is_ok()), "{text}");
                    names.push(String::from_utf8(tag.name().as_ref().to_vec()).unwrap());
                }
                Event::Eof => break,
                _ => {}
            }
        }
        let count = |name: &str| names.iter().filter(|one| *one == name).count();
        assert_eq!((count("testsuite"), count("testcase"), count("failure"), count("skipped")), (1, 3, 1, 1), "{text}");
        assert!(text.contains("tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\""), "{text}");
        assert!(!text.contains('\u{1b}') && !text.contains('\0'));
    }

    #[test]
    fn annotations_are_one_line_each() {
        let text = annotations(&[line(Outcome::Passed, "fine"), line(Outcome::Failed, "100 % worse:\nreally, so")]);
        let wanted = "::error file=improvements/T003.yaml,title=T003 replays::100 %25 worse:%0Areally, so\n";
        assert_eq!(text, wanted);
    }
}
