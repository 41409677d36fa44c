//! A mistake in a person's file, and all of them together.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, Severity, SourceCode};

use super::Source;

/// More than this many are counted, not printed: the first ones usually explain the rest.
const PRINTED_MAX: usize = 30;

/// One mistake: what is wrong, where, what was expected, and often what was meant.
#[derive(Debug, Clone)]
pub struct Fault {
    message: String,
    code: &'static str,
    help: Option<String>,
    file: String,
    source: Option<Arc<Source>>,
    labels: Vec<(Range<usize>, String)>,
}

impl Fault {
    /// A mistake at a place in a file.
    pub fn at(source: &Arc<Source>, place: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: "register",
            help: None,
            file: source.name().to_owned(),
            source: Some(Arc::clone(source)),
            labels: vec![(place, String::new())],
        }
    }

    /// A mistake of a whole file or folder; the message must name it.
    pub fn of_file(name: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { message, code: "register", help: None, file: name.to_owned(), source: None, labels: Vec::new() }
    }

    /// Its stable name, for searching: `register::cycle`.
    pub fn code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    /// What to do about it.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What to do about it, if that is known.
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// The words under the place.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        if let Some(first) = self.labels.first_mut() {
            first.1 = label.into();
        }
        self
    }

    /// A second place in the same file.
    pub fn and(mut self, place: Range<usize>, label: impl Into<String>) -> Self {
        self.labels.push((place, label.into()));
        self
    }

    /// `improvements/T003.yaml:7:3`, or the file's name alone.
    pub fn place(&self) -> String {
        match (&self.source, self.labels.first()) {
            (Some(source), Some((place, _))) => {
                let (line, column) = source.line_and_column(place.start);
                format!("{}:{line}:{column}", self.file)
            }
            (_, _) => self.file.clone(),
        }
    }

    fn start(&self) -> usize {
        self.labels.first().map_or(0, |(place, _)| place.start)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.source {
            Some(_) => write!(f, "{}: {}", self.place(), self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Fault {}

impl Diagnostic for Fault {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn severity(&self) -> Option<Severity> {
        Some(Severity::Error)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        let source = self.source.as_ref()?;
        let readable = self.labels.iter().all(|(place, _)| source.is_readable_at(place.start));
        readable.then(|| source.shown() as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = |(place, label): &(Range<usize>, String)| {
            LabeledSpan::new(Some(label.clone()).filter(|label| !label.is_empty()), place.start, place.len())
        };
        Some(Box::new(self.labels.iter().map(span)))
    }
}

/// Every mistake of a load, in the order of files and lines.
#[derive(Debug, Clone, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Adds one.
    pub fn push(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }

    /// In the order of files and places.
    pub fn sorted(mut self) -> Self {
        self.0.sort_by(|a, b| (&a.file, a.start()).cmp(&(&b.file, b.start())));
        self
    }

    /// A single fault speaks for itself.
    fn only(&self) -> Option<&Fault> {
        match self.0.as_slice() {
            [fault] => Some(fault),
            _ => None,
        }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.only() {
            Some(fault) => fault.fmt(f),
            None if self.len() > PRINTED_MAX => {
                write!(f, "{} mistakes in the project's files; the first {PRINTED_MAX}:", self.len())
            }
            None => write!(f, "{} mistakes in the project's files", self.len()),
        }
    }
}

impl std::error::Error for Faults {}

impl Diagnostic for Faults {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.only().and_then(Diagnostic::code)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.only().and_then(Diagnostic::help)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.only().and_then(Diagnostic::source_code)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.only().and_then(Diagnostic::labels)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        match self.only() {
            Some(_) => None,
            None => Some(Box::new(self.0.iter().take(PRINTED_MAX).map(|fault| fault as &dyn Diagnostic))),
        }
    }
}
