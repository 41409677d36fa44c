//! Nodes, types and near misses in words.

use super::{Kind, Node};

/// The candidate nearest to `word`, if one is near enough to be meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let score = |candidate: &str| {
        let candidate = candidate.to_lowercase();
        // Short words of exchanged letters (`mpc`) are near by edits, though not by similarity.
        let slip = strsim::osa_distance(&word, &candidate) <= 1;
        strsim::jaro_winkler(&word, &candidate).max(if slip { 0.8 } else { 0.0 })
    };
    candidates
        .into_iter()
        .map(|candidate| (candidate, score(candidate)))
        .filter(|(_, score)| *score >= 0.75)
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(candidate, _)| candidate)
}

/// A node in words: `the number 5`, `text "one"`, `a list`.
pub fn described(node: &Node) -> String {
    match &node.kind {
        Kind::Null | Kind::Refused => "nothing".to_owned(),
        Kind::Bool(value) => format!("the truth value {value}"),
        Kind::Int(value) => format!("the number {value}"),
        Kind::Float(value) => format!("the number {value}"),
        Kind::Text(text) if text.chars().count() > 40 => {
            format!("the text \"{}…\"", text.chars().take(40).collect::<String>())
        }
        Kind::Text(text) => format!("the text \"{text}\""),
        Kind::List(_) => "a list".to_owned(),
        Kind::Map(_) => "a mapping".to_owned(),
    }
}

pub(super) fn in_words(name: &str) -> &str {
    match name {
        "boolean" => "true or false",
        "integer" => "a whole number",
        "number" => "a number",
        "string" => "text",
        "array" => "a list",
        "object" => "a mapping of keys to values",
        other => other,
    }
}

pub(super) fn subject(path: &str) -> String {
    if path.is_empty() { "the file".to_owned() } else { format!("`{path}`") }
}

pub(super) fn first_sentence(text: &str) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match flat.split_once(". ") {
        Some((sentence, _)) => format!("{sentence}."),
        None => flat,
    }
}
