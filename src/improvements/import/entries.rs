//! What is to be improved, where no table lists it: headings and items that begin with an id; else, in a document
//! without ids, the items that promise something, which are then numbered here.

use std::sync::LazyLock;

use regex::Regex;

use super::document::{Entry, Tracking, bare};
use super::figures::factor;
use super::markdown::Said;
use super::outline::{Kind, Line, Mark, pattern};

/// Keys of lines that promise something, in the order in which they are taken for the claim.
const PROMISES: &[&str] =
    &["Performance", "Improvement", "Estimated Impact", "Speedup", "Impact", "Optimization", "Benefit", "Evidence"];

/// No register is longer: its ids have three digits.
const NUMBERED_MAX: usize = 999;

/// `T205` and the rest of a text that begins with it.
pub(super) fn leading_id(said: &Said) -> Option<(Said, Said)> {
    static ID: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\**([A-Z]{1,4}\d{3})\b\**[:\s]*(.*)$"));
    let found = ID.captures(&said.text)?;
    let (id, rest) = (found.get(1)?, found.get(2)?);
    Some((said.part(&said.text[id.range()]), said.part(&said.text[rest.range()])))
}

/// Every id in `text`, ranges (`T205-T209`) written out.
pub(super) fn ids_in(text: &str) -> Vec<String> {
    static IDS: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"\b([A-Z]{1,4})(\d{3})\b(?:\s?[-–]\s?([A-Z]{1,4})(\d{3})\b)?"));
    let mut ids = Vec::new();
    for found in IDS.captures_iter(text) {
        let number = |at: usize| found.get(at).and_then(|digits| digits.as_str().parse::<u32>().ok());
        let (Some(first), last) = (number(2), number(4)) else { continue };
        let last = last.filter(|_| found.get(3).is_some_and(|letters| letters.as_str() == &found[1])).unwrap_or(first);
        ids.extend((first..=last).map(|number| format!("{}{number:03}", &found[1])));
    }
    ids
}

/// Reads the entries that no table gave.
pub(super) fn read(tracking: &mut Tracking<'_>, prefix: &str) {
    if !tracking.entries.is_empty() {
        return;
    }
    read_headings(tracking);
    read_items(tracking);
    if tracking.entries.is_empty() {
        number_promises(tracking, prefix);
    } else {
        read_promises(tracking);
    }
}

fn read_headings(tracking: &mut Tracking<'_>) {
    for section in 1..tracking.outline.sections.len() {
        let heading = &tracking.outline.sections[section];
        let Some((id, title)) = leading_id(&heading.title) else { continue };
        let done = heading.mark == Some(Mark::Done);
        add(tracking, id, title, section, done);
    }
}

fn read_items(tracking: &mut Tracking<'_>) {
    for at in 0..tracking.outline.lines.len() {
        let line = &tracking.outline.lines[at];
        // `T206 (SchemaCache): 9 tests` speaks of an entry; `T210 Rate limiting` names one.
        let Some((id, title)) = leading_id(&line.text).filter(|_| matches!(line.kind, Kind::Item(_))) else { continue };
        let (section, done) = (line.section, line.is_done());
        if !title.text.starts_with('(') && add(tracking, id, title, section, done) {
            tracking.use_line(at);
        }
    }
}

/// Adds an entry that is not there yet; whether it was.
fn add(tracking: &mut Tracking<'_>, id: Said, title: Said, section: usize, done: bool) -> bool {
    if title.text.is_empty() || tracking.entry(&id.text).is_some() {
        return false;
    }
    tracking.entries.push(entry(id, title, section, done));
    true
}

fn entry(id: Said, title: Said, section: usize, done: bool) -> Entry {
    Entry {
        id,
        numbered_here: false,
        title,
        category: None,
        priority: None,
        status: None,
        agents: Vec::new(),
        modules: Vec::new(),
        claim: None,
        further: Vec::new(),
        section,
        done,
    }
}

/// Lines that promise something of an entry: those in its section, and in sections that name it.
fn read_promises(tracking: &mut Tracking<'_>) {
    for index in 0..tracking.entries.len() {
        let (id, home) = (tracking.entries[index].id.text.clone(), tracking.entries[index].section);
        let is_heading = leading_id(&tracking.outline.sections[home].title).is_some_and(|(own, _)| own.text == id);
        let speaks_of_it = |section: usize| {
            let named = ids_in(&tracking.outline.sections[section].title.text);
            (section == home && is_heading) || (section != home && named == [id.as_str()])
        };
        let mut promises: Vec<(usize, usize, Said)> = Vec::new();
        let mut modules = Vec::new();
        for (at, line) in tracking.outline.lines.iter().enumerate() {
            if line.lead.is_some() || line.parent.is_some() || !speaks_of_it(line.section) {
                continue;
            }
            let rank = PROMISES.iter().position(|key| line.has_key(&[key]));
            if let Some(rank) = rank.filter(|_| !line.value.text.is_empty()) {
                promises.push((rank, at, line.value.clone()));
            }
            if line.has_key(&["implementation", "files", "modules", "file", "module"]) && line.section == home {
                modules.extend(super::tables::listed(&line.value.text));
                promises.push((usize::MAX, at, line.value.clone()));
            }
        }
        promises.sort_by_key(|(rank, at, _)| (*rank, *at));
        for (rank, at, said) in promises {
            tracking.use_line(at);
            let entry = &mut tracking.entries[index];
            match (rank, &entry.claim) {
                (usize::MAX, _) => {}
                (_, None) => entry.claim = Some(said),
                (_, Some(_)) => entry.further.push(said),
            }
        }
        tracking.entries[index].modules.extend(modules);
    }
}

/// Items that promise something, in a document without ids.
fn number_promises(tracking: &mut Tracking<'_>, prefix: &str) {
    let mut found: Vec<(Option<usize>, Entry)> = Vec::new();
    for section in 1..tracking.outline.sections.len() {
        if let Some(title) = numbered_feature(tracking, section) {
            let mut entry = entry(title.clone(), title, section, false);
            entry.claim = first_comment(tracking, section);
            found.push((None, entry));
        }
    }
    for (at, line) in tracking.outline.lines.iter().enumerate() {
        match line.kind {
            Kind::Item(_) if is_promise(tracking, line) => {
                let title = line.key.as_ref().map_or_else(|| line.text.clone(), |key| key.part(bare(&key.text)));
                let mut entry = entry(title.clone(), title, line.section, line.is_done());
                entry.claim = Some(line.value.clone()).filter(|value| !value.text.is_empty());
                found.push((Some(at), entry));
            }
            Kind::Table(table) if is_about_gains(tracking, line) => {
                found.extend(rows(tracking, table, line.section).into_iter().map(|entry| (Some(at), entry)));
            }
            Kind::Item(_) | Kind::Table(_) | Kind::Text | Kind::Code(_) => {}
        }
    }
    found.sort_by_key(|(_, entry)| entry.title.at);
    for (number, (line, mut entry)) in (1..=NUMBERED_MAX).zip(found) {
        entry.id.text = format!("{prefix}{number:03}");
        entry.numbered_here = true;
        tracking.entries.push(entry);
        if let Some(line) = line.filter(|line| !matches!(tracking.outline.lines[*line].kind, Kind::Table(_))) {
            tracking.use_line(line);
        }
    }
}

/// `### 1. Batch Processing` below `## Key Features Implemented`.
fn numbered_feature(tracking: &Tracking<'_>, section: usize) -> Option<Said> {
    static NUMBERED: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\d+[.)]\s+(.+)$"));
    let heading = &tracking.outline.sections[section];
    let above = &tracking.outline.sections[heading.parent?].title.text.to_lowercase();
    let title = NUMBERED.captures(&heading.title.text)?.get(1)?;
    ["feature", "improvement", "optimization"]
        .iter()
        .any(|word| above.contains(word))
        .then(|| heading.title.part(&heading.title.text[title.range()]))
}

/// The first comment of the code below a heading: what it says the code does.
fn first_comment(tracking: &Tracking<'_>, section: usize) -> Option<Said> {
    let (_, line) = tracking.outline.lines_of(section).find(|(_, line)| matches!(line.kind, Kind::Code(_)))?;
    let comment = line.text.text.lines().find(|line| line.starts_with("# ") || line.starts_with("// "))?;
    Some(line.text.part(comment.trim_start_matches(['#', '/', ' '])))
}

fn is_promise(tracking: &Tracking<'_>, line: &Line) -> bool {
    let text = line.text.text.to_lowercase();
    let compared = ["faster", "improvement", "speedup"].iter().any(|word| text.contains(word));
    let is_bold = line.bold && !line.value.text.is_empty() && line.depth == 1;
    (compared && factor(&line.text.text).is_some()) || (is_bold && is_about_gains(tracking, line))
}

/// Whether a line stands under words that announce gains, rather than measures, plans or examples.
fn is_about_gains(tracking: &Tracking<'_>, line: &Line) -> bool {
    static CODE: LazyLock<Regex> = LazyLock::new(|| pattern(r"`[^`]*`"));
    // The document's own title says nothing of its parts.
    let titles = tracking.outline.around(line.section).map(|at| &tracking.outline.sections[at]);
    let mut words: Vec<String> =
        titles.filter(|section| section.level > 1).map(|section| section.title.text.to_lowercase()).collect();
    words.push(tracking.outline.heading_of(line).to_lowercase());
    // Code in a heading is a name, not a word.
    let words = CODE.replace_all(&words.join(" "), "").into_owned();
    let announced = ["achievement", "optimizations", "performance characteristics", "continuous optimization"];
    let otherwise = ["metric", "profil", "success", "strateg", "integration", "criteria", "example", "next"];
    announced.iter().any(|word| words.contains(word)) && !otherwise.iter().any(|word| words.contains(word))
}

/// A table's rows as entries: named by the first column, promising what the column of gains or values says.
fn rows(tracking: &Tracking<'_>, table: usize, section: usize) -> Vec<Entry> {
    let table = &tracking.outline.tables[table];
    let column = |names: &[&str]| {
        let named = |heading: &Said| names.contains(&bare(&heading.text).to_lowercase().as_str());
        table.headings.iter().position(named)
    };
    let Some(gain) = column(&["speedup", "improvement", "gain", "impact"]).or_else(|| column(&["value"])) else {
        return Vec::new();
    };
    let row = |row: &super::markdown::Row| {
        let title = row.cells.first().filter(|title| !title.text.is_empty())?.clone();
        let claim = row.cells.get(gain).map(|cell| cell.part(bare(&cell.text))).filter(|claim| !claim.text.is_empty());
        Some(Entry { claim, ..entry(title.clone(), title, section, false) })
    };
    table.rows.iter().filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_and_ranges_written_out() {
        assert_eq!(ids_in("complete (T205-T207), M001"), ["T205", "T206", "T207", "M001"]);
        assert_eq!(ids_in("UTF8 and T2050 and t205"), Vec::<String>::new());
        let said = Said { text: "**T001**: MVCC (Agent 1)".to_owned(), at: 7 };
        let (id, rest) = leading_id(&said).unwrap();
        assert_eq!((id.text.as_str(), id.at, rest.text.as_str(), rest.at), ("T001", 9, "MVCC (Agent 1)", 17));
    }
}
