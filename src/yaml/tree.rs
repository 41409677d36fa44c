//! Text to nodes that know their places.
//!
//! The register's YAML is a plain subset: one document, text keys, no anchors, aliases or tags. Each entry therefore
//! reads the same alone as in its file, and no file can unfold into more than it holds. Plain scalars follow YAML 1.2:
//! `yes` is a word, not a truth value.

use std::ops::Range;
use std::sync::Arc;

use serde_yaml::granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, Span, StrInput};

use super::{Fault, Faults, Source};

/// Deeper nesting is refused.
pub const DEPTH_MAX: usize = 32;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Its bytes in the source.
    pub place: Range<usize>,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Nothing: `~`, `null` or an empty value.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the file's order, without duplicates.
    Map(Vec<Entry>),
    /// Something that may not stand here at all; that has been told.
    Refused,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The key's bytes in the source.
    pub key_place: Range<usize>,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The value of `key`, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.kind {
            Kind::Map(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value),
            Kind::Refused
            | Kind::Null
            | Kind::Bool(_)
            | Kind::Int(_)
            | Kind::Float(_)
            | Kind::Text(_)
            | Kind::List(_) => None,
        }
    }

    /// The node at a path such as `guards.0.metric`, or the deepest one on the way that exists.
    pub fn closest(&self, path: &str) -> &Self {
        path.split('.').filter(|name| !name.is_empty()).try_fold(self, Self::child).unwrap_or_else(|reached| reached)
    }

    /// The child of that name or index, or this node itself as the error.
    fn child<'a>(&'a self, name: &str) -> Result<&'a Self, &'a Self> {
        match &self.kind {
            Kind::List(items) => name.parse::<usize>().ok().and_then(|index| items.get(index)).ok_or(self),
            Kind::Map(_) => self.get(name).ok_or(self),
            Kind::Refused | Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Text(_) => Err(self),
        }
    }
}

/// Parses `source`. `None` when its syntax is broken or it holds no value; what is wrong goes to `faults`.
pub(super) fn parse(source: &Arc<Source>, faults: &mut Faults) -> Option<Node> {
    let mut options = Options::default();
    options.emit_comments = false;
    let parser = Parser::new_from_str_with_options(source.text(), options);
    let mut builder = Builder { source, parser, faults };
    builder.document().unwrap_or_else(|stop| {
        builder.faults.push(*stop);
        None
    })
}

/// Reads events into nodes. An error is what makes going on impossible; other faults are pushed on the way.
struct Builder<'a> {
    source: &'a Arc<Source>,
    parser: Parser<'a, StrInput<'a>>,
    faults: &'a mut Faults,
}

type Stop = Box<Fault>;

impl<'a> Builder<'a> {
    fn document(&mut self) -> Result<Option<Node>, Stop> {
        let mut root = None;
        while let Some((event, span)) = self.next()? {
            match event {
                Event::StreamStart | Event::StreamEnd | Event::DocumentStart(..) | Event::DocumentEnd => {}
                _ if root.is_some() => {
                    let fault = Fault::at(self.source, place(&span), "a second YAML document begins here");
                    return Err(Box::new(
                        fault.code("yaml::documents").help("one document per file: put it in its own file"),
                    ));
                }
                event => root = Some(self.node(event, &span, 0)?),
            }
        }
        if root.is_none() {
            let name = self.source.name();
            self.faults.push(Fault::of_file(name, format!("{name} is empty")).code("yaml::empty"));
        }
        Ok(root)
    }

    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, Stop> {
        self.parser.next_event().transpose().map_err(|error| Box::new(self.syntax(&error)))
    }

    fn node(&mut self, event: Event<'a>, span: &Span, depth: usize) -> Result<Node, Stop> {
        if depth > DEPTH_MAX {
            let fault = Fault::at(self.source, place(span), format!("nested more than {DEPTH_MAX} levels deep"));
            return Err(Box::new(fault.code("yaml::depth")));
        }
        let start = place(span);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_extras(anchor, tag.is_some(), &start);
                Ok(Node { kind: scalar(&text, style), place: start })
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_extras(anchor, tag.is_some(), &start);
                self.list(start, depth)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_extras(anchor, tag.is_some(), &start);
                self.map(start, depth)
            }
            _ => {
                self.faults.push(
                    Fault::at(self.source, start.clone(), "aliases (`*name`) are not used here")
                        .code("yaml::alias")
                        .help("write the value out: each entry must read the same alone"),
                );
                Ok(Node { kind: Kind::Refused, place: start })
            }
        }
    }

    fn list(&mut self, start: Range<usize>, depth: usize) -> Result<Node, Stop> {
        let mut items: Vec<Node> = Vec::new();
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::SequenceEnd) {
                break;
            }
            items.push(self.node(event, &span, depth + 1)?);
        }
        let end = items.last().map_or(start.end, |last| last.place.end);
        Ok(Node { kind: Kind::List(items), place: start.start..end.max(start.end) })
    }

    fn map(&mut self, start: Range<usize>, depth: usize) -> Result<Node, Stop> {
        let mut entries: Vec<Entry> = Vec::new();
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let key_place = place(&span);
            let key = match event {
                Event::Scalar(text, _, anchor, tag) => {
                    self.refuse_extras(anchor, tag.is_some(), &key_place);
                    text.into_owned()
                }
                event => {
                    self.node(event, &span, depth + 1)?;
                    self.faults.push(Fault::at(self.source, key_place.clone(), "a key must be text").code("yaml::key"));
                    String::new()
                }
            };
            let Some((event, span)) = self.next()? else { break };
            let value = self.node(event, &span, depth + 1)?;
            match entries.iter().find(|entry| entry.key == key) {
                Some(first) => self.faults.push(
                    Fault::at(self.source, key_place, format!("`{key}` stands here twice"))
                        .code("yaml::duplicate_key")
                        .label("again")
                        .and(first.key_place.clone(), "first")
                        .help("keep one of the two"),
                ),
                None => entries.push(Entry { key, key_place, value }),
            }
        }
        // A block mapping begins where its first key does.
        let begin = entries.first().map_or(start.start, |first| first.key_place.start);
        let end = entries.last().map_or(start.end, |last| last.value.place.end);
        Ok(Node { kind: Kind::Map(entries), place: begin..end.max(begin) })
    }

    fn refuse_extras(&mut self, anchor: usize, tagged: bool, place: &Range<usize>) {
        if anchor != 0 {
            self.faults.push(
                Fault::at(self.source, place.clone(), "anchors (`&name`) are not used here")
                    .code("yaml::alias")
                    .help("write the value out where it is needed"),
            );
        }
        if tagged {
            self.faults.push(
                Fault::at(self.source, place.clone(), "tags (`!name`) are not used here")
                    .code("yaml::tag")
                    .help("put the value in quotes if it begins with `!`"),
            );
        }
    }

    fn syntax(&self, error: &ScanError) -> Fault {
        let text = self.source.text();
        let offset = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
        // Past the end means: at its end.
        let offset = offset.min(text.trim_end().len());
        let width = text[offset..].chars().next().map_or(0, char::len_utf8);
        let line = text[..offset].rsplit('\n').next().unwrap_or_default();
        let indented_by_tab = line.trim_start_matches(' ').starts_with('\t') || text[offset..].starts_with('\t');
        Fault::at(self.source, offset..offset + width, format!("not YAML: {}", error.info())).code("yaml::syntax").help(
            if indented_by_tab {
                "indent with spaces: YAML does not allow tabs"
            } else {
                "look at this line and the one above it: indentation, brackets, quotes"
            },
        )
    }
}

fn place(span: &Span) -> Range<usize> {
    span.byte_range().unwrap_or(0..0)
}

/// The value of a scalar: quoted is text; plain follows the YAML 1.2 core schema.
fn scalar(text: &str, style: ScalarStyle) -> Kind {
    if style != ScalarStyle::Plain {
        return Kind::Text(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        _ => number(text).unwrap_or_else(|| Kind::Text(text.to_owned())),
    }
}

fn number(text: &str) -> Option<Kind> {
    let begins_like_one = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
    let holds_only_its_letters = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'));
    if !begins_like_one || !holds_only_its_letters {
        return None;
    }
    text.parse().map(Kind::Int).or_else(|_| text.parse().map(Kind::Float)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Option<Node>, Vec<String>) {
        let mut faults = Faults::default();
        let node = parse(&Source::new("f", text.to_owned()), &mut faults);
        (node, faults.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn nodes_know_their_places() {
        let text = "a: 1\nb:\n  - x: yes\n    y: 2.5\n";
        let (node, faults) = parsed(text);
        let node = node.unwrap();
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!(node.get("a").unwrap().kind, Kind::Int(1));
        let x = node.closest("b.0.x");
        assert_eq!((&x.kind, &text[x.place.clone()]), (&Kind::Text("yes".into()), "yes"));
        assert_eq!(node.closest("b.0.y").kind, Kind::Float(2.5));
        let deepest = node.closest("b.0.z");
        assert!(text[deepest.place.clone()].starts_with("x: yes"), "{:?}", &text[deepest.place.clone()]);
    }

    #[test]
    fn scalars_follow_yaml_1_2() {
        let kind = |text| scalar(text, ScalarStyle::Plain);
        assert_eq!(kind("~"), Kind::Null);
        assert_eq!(kind("yes"), Kind::Text("yes".into()));
        assert_eq!(kind("-0.5"), Kind::Float(-0.5));
        assert_eq!(kind("2025-12-22"), Kind::Text("2025-12-22".into()));
        assert_eq!(kind("1e"), Kind::Text("1e".into()));
        assert_eq!(scalar("5", ScalarStyle::DoubleQuoted), Kind::Text("5".into()));
    }

    #[test]
    fn what_could_unfold_is_refused() {
        let deep = "[".repeat(40) + &"]".repeat(40);
        for (text, wanted) in [
            ("a: &x 1\nb: *x\n", "f:2:4: aliases"),
            ("a: !t 1\n", "tags"),
            ("a: 1\na: 2\n", "f:2:1: `a` stands here twice"),
            ("a: 1\n---\nb: 1\n", "second YAML document"),
            (deep.as_str(), "levels deep"),
            ("", "f is empty"),
            ("# only words\n", "f is empty"),
            ("a: [1, 2\n", "f:1:"),
            ("a:\n\tb: 1\n", "f:2:2: not YAML: tab"),
        ] {
            let (_, faults) = parsed(text);
            assert!(faults.iter().any(|fault| fault.contains(wanted)), "{text:?}: {faults:?}");
        }
    }
}
