//! What stands around the entries: head, success metrics, risks in prose, parity, protocol, notes, appendix.

use std::sync::LazyLock;

use regex::Regex;

use super::document::{Feature, Metric, NoteText, ParityList, RiskRow, Titled, Tracking, announced, bare};
use super::figures::whole_numbers;
use super::markdown::Said;
use super::outline::{Kind, Line, Mark, pattern};
use crate::improvements::plan::ParityState;

/// Reads the title and the lines that stand at the head: before the first section of the second level, or below a
/// heading that says so.
pub(super) fn read_head(tracking: &mut Tracking<'_>) {
    let sections = &tracking.outline.sections;
    tracking.head.title = sections.iter().find(|section| section.level == 1).map(|section| section.title.clone());
    for at in 0..tracking.outline.lines.len() {
        let line = &tracking.outline.lines[at];
        let section = &tracking.outline.sections[line.section];
        let title = section.title.text.to_lowercase();
        let at_head = section.level <= 1 || title.contains("header") || title == "summary";
        let Some(key) = line.key.as_ref().filter(|_| at_head && line.depth <= 1 && line.parent.is_none()) else {
            continue;
        };
        if line.value.text.is_empty() {
            continue;
        }
        let value = line.value.clone();
        let head = &mut tracking.head;
        let slot = match key.text.to_lowercase().as_str() {
            "project" => &mut head.project,
            "date" => &mut head.date,
            "branch" => &mut head.branch,
            "target" => &mut head.target,
            "primary focus" | "focus" => &mut head.focus,
            "orchestrator" => &mut head.orchestrator,
            "status" => {
                // Kept as text too: the register has no place for a status that nobody has proven.
                head.status.get_or_insert(value);
                continue;
            }
            _ => continue,
        };
        if slot.is_none() {
            // A date that the record holds otherwise is kept in its own words too.
            let is_whole = !line.has_key(&["date"]) || date_of(&value.text).as_ref() == Some(&value.text);
            *slot = Some(value);
            if is_whole {
                tracking.use_line(at);
            }
        }
    }
}

/// Reads the rest.
pub(super) fn read(tracking: &mut Tracking<'_>) {
    read_parity(tracking);
    read_metrics(tracking);
    read_risks(tracking);
    read_protocol(tracking);
    read_notes(tracking);
    read_appendix(tracking);
}

/// The lines of a section that are not understood yet, with their places in the outline.
fn open_lines(tracking: &Tracking<'_>, section: usize) -> Vec<usize> {
    tracking.outline.lines_of(section).map(|(at, _)| at).filter(|at| !tracking.is_used(*at)).collect()
}

fn section_titled(tracking: &Tracking<'_>, word: &str) -> Option<usize> {
    tracking.outline.sections.iter().position(|section| section.title.text.to_lowercase().contains(word))
}

fn read_parity(tracking: &mut Tracking<'_>) {
    static MODEL: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)^\W*(.*?)\s*(?:feature\s+)?parity\b"));
    let Some(section) = section_titled(tracking, "parity") else { return };
    let boxes = |line: &Line| matches!(line.mark, Some(Mark::Box(_)));
    if !tracking.outline.lines_within(section).any(|(_, line)| boxes(line)) {
        return;
    }
    let title = &tracking.outline.sections[section].title.text;
    let model = MODEL.captures(title).map(|found| found[1].to_owned()).filter(|model| !model.is_empty());
    let model = model.unwrap_or_else(|| "not named".to_owned());
    let mut list = ParityList { model, section, score: None, target: None, groups: Vec::new() };
    let mut used = Vec::new();
    for (at, line) in tracking.outline.lines_within(section) {
        if let Some(Mark::Box(ticked)) = line.mark {
            let group = &tracking.outline.sections[line.section].title.text;
            if list.groups.last().is_none_or(|(name, _)| name != group) {
                list.groups.push((group.clone(), Vec::new()));
            }
            if let Some((_, features)) = list.groups.last_mut() {
                features.push(feature(line, ticked));
            }
            used.push(at);
        } else if line.key.as_ref().is_some_and(|key| key.text.to_lowercase().contains("score")) && list.score.is_none()
        {
            list.score = Some(line.value.clone());
            used.push(at);
        } else if line.has_key(&["Target"]) && list.target.is_none() {
            list.target = Some(line.value.clone());
            used.push(at);
        }
    }
    tracking.parity = Some(list);
    used.into_iter().for_each(|at| tracking.use_line(at));
}

/// `Flashback Database - **Partial** (flashback queries exist)`.
fn feature(line: &Line, ticked: bool) -> Feature {
    static STATE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)^(.*?)\s+[-–—]\s+\**(gap|partial)\**\s*(.*)$"));
    let (name, state, note) = match STATE.captures(&line.text.text) {
        Some(found) => {
            let name = found.get(1).map_or("", |name| name.as_str());
            let state = if found[2].eq_ignore_ascii_case("partial") { ParityState::Partial } else { ParityState::Gap };
            (line.text.part(&line.text.text[..name.len()]), state, found[3].trim().to_owned())
        }
        None => (line.text.clone(), ParityState::Gap, String::new()),
    };
    let note = note.strip_prefix('(').and_then(|note| note.strip_suffix(')')).unwrap_or(&note).to_owned();
    let state = if ticked { ParityState::Ticked } else { state };
    Feature { name, state, note: Some(note).filter(|note| !note.is_empty()) }
}

fn read_metrics(tracking: &mut Tracking<'_>) {
    for section in 1..tracking.outline.sections.len() {
        let path = tracking.outline.path(section).to_lowercase();
        if !["success metrics", "quality metrics", "performance targets"].iter().any(|words| path.contains(words)) {
            continue;
        }
        for at in open_lines(tracking, section) {
            let line = &tracking.outline.lines[at];
            let is_item = matches!(line.kind, Kind::Item(_)) && line.depth == 1 && !line.text.text.is_empty();
            if !is_item {
                if line.is_lead() {
                    tracking.use_line(at);
                }
                continue;
            }
            let lead = line.lead.map(|lead| announced(&tracking.outline.lines[lead].text.text).to_owned());
            let title = tracking.outline.sections[section].title.text.clone();
            let group = lead.map_or_else(|| title.clone(), |lead| format!("{title}: {lead}"));
            let (name, target) = match &line.key {
                Some(key) if !line.value.text.is_empty() => (key.part(bare(&key.text)), line.value.clone()),
                Some(_) | None => (line.text.clone(), line.raw.clone()),
            };
            let mut metric = Metric { group, name, target, baseline: None, stretch: None };
            let parts: Vec<usize> = tracking
                .outline
                .lines
                .iter()
                .enumerate()
                .filter(|(_, part)| part.parent == Some(at))
                .map(|(at, _)| at)
                .collect();
            for part in parts {
                let value = tracking.outline.lines[part].value.clone();
                let line = &tracking.outline.lines[part];
                if line.has_key(&["Baseline"]) {
                    metric.baseline = Some(value);
                } else if line.has_key(&["Stretch"]) {
                    metric.stretch = Some(value);
                } else if line.has_key(&["Target"]) {
                    // The name keeps what was said at first.
                    metric.name = tracking.outline.lines[at].text.clone();
                    metric.target = value;
                } else {
                    continue;
                }
                tracking.use_line(part);
            }
            tracking.metrics.push(metric);
            tracking.use_line(at);
        }
    }
}

/// `**Risk**: …` with a `**Mitigation**: …` below it.
fn read_risks(tracking: &mut Tracking<'_>) {
    let lines: Vec<usize> = (0..tracking.outline.lines.len()).filter(|at| !tracking.is_used(*at)).collect();
    for pair in lines.windows(2) {
        let (risk, answer) = (&tracking.outline.lines[pair[0]], &tracking.outline.lines[pair[1]]);
        if !(risk.has_key(&["Risk"]) && answer.has_key(&["Mitigation"])) || risk.value.text.is_empty() {
            continue;
        }
        let number = tracking.risks.len() + 1;
        let (description, mitigation) = (risk.value.clone(), answer.value.text.clone());
        tracking.risks.push(RiskRow {
            id: format!("R{number}"),
            description,
            impact: None,
            probability: None,
            mitigation,
            owners: Vec::new(),
        });
        tracking.use_line(pair[0]);
        tracking.use_line(pair[1]);
    }
}

fn read_protocol(tracking: &mut Tracking<'_>) {
    let Some(protocol) = section_titled(tracking, "protocol") else { return };
    for section in protocol..tracking.outline.sections.len() {
        if !tracking.outline.is_within(section, protocol) {
            continue;
        }
        let title = tracking.outline.sections[section].title.text.to_lowercase();
        for at in open_lines(tracking, section) {
            let line = &tracking.outline.lines[at];
            if !matches!(line.kind, Kind::Item(_)) || line.text.text.is_empty() {
                continue;
            }
            let words = line.text.text.clone();
            let is_lead = line.is_lead();
            let rule = line.key.as_ref().map(|key| (bare(&key.text).to_owned(), line.value.text.clone()));
            let hours = words.contains("hour").then(|| whole_numbers(&words)).and_then(|found| found.first().copied());
            let text = &mut tracking.protocol;
            if title.contains("standup") || title.contains("stand-up") {
                match hours.and_then(|hours| u32::try_from(hours).ok()).filter(|_| text.hours.is_none()) {
                    Some(hours) => text.hours = Some(hours),
                    None if is_lead => {}
                    None => text.standup.push(words),
                }
            } else if title.contains("review") {
                text.review.push(words);
            } else {
                match rule {
                    Some(rule) if title.contains("conflict") => text.conflicts.push(rule),
                    Some(rule) if title.contains("channel") => text.channels.push(rule),
                    Some(_) | None => continue,
                }
            }
            tracking.use_line(at);
        }
    }
}

/// `### Initial Analysis (2025-12-22)`.
fn read_notes(tracking: &mut Tracking<'_>) {
    static DATED: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(.+?)\s*\((\d{4}-\d{2}-\d{2})\)$"));
    for section in 1..tracking.outline.sections.len() {
        let title = tracking.outline.sections[section].title.text.clone();
        let Some(found) = DATED.captures(&title) else { continue };
        if found[2].parse::<jiff::civil::Date>().is_err() {
            continue;
        }
        let sections = titled_lists(tracking, section);
        tracking.notes.push(NoteText { title: found[1].to_owned(), date: found[2].to_owned(), sections });
    }
}

fn read_appendix(tracking: &mut Tracking<'_>) {
    let Some(appendix) = section_titled(tracking, "appendix") else { return };
    for section in appendix + 1..tracking.outline.sections.len() {
        if tracking.outline.is_within(section, appendix) {
            let lists = titled_lists(tracking, section);
            tracking.appendix.extend(lists);
        }
    }
}

/// The lists of a section, each under its lead or the section's own title.
fn titled_lists(tracking: &mut Tracking<'_>, section: usize) -> Vec<Titled> {
    let mut lists: Vec<(Option<usize>, Titled)> = Vec::new();
    let mut used = Vec::new();
    for at in open_lines(tracking, section) {
        let line = &tracking.outline.lines[at];
        let Kind::Item(number) = line.kind else { continue };
        if line.depth != 1 || line.text.text.is_empty() {
            continue;
        }
        let said: &Said =
            line.lead.map_or(&tracking.outline.sections[section].title, |lead| &tracking.outline.lines[lead].text);
        if lists.last().is_none_or(|(lead, _)| *lead != line.lead) {
            let title = announced(&said.text).to_owned();
            lists.push((line.lead, Titled { title, numbered: number.is_some(), items: Vec::new() }));
        }
        if let Some((_, list)) = lists.last_mut() {
            list.items.push(line.raw.text.clone());
        }
        used.push(at);
        used.extend(line.lead);
    }
    used.into_iter().for_each(|at| tracking.use_line(at));
    lists.into_iter().map(|(_, list)| list).collect()
}

/// The day, month or year that `text` gives, in the form `2025-12-22`, `2025-01` or `2025`.
pub(super) fn date_of(text: &str) -> Option<String> {
    static DATE: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(\d{4})-(\d{2})(?:-(\d{2}))?"));
    static MONTH: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)\b([a-z]{3})[a-z]*\.?\s+(\d{4})\b"));
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let exists = |date: &str| date.parse::<jiff::civil::Date>().is_ok();
    if let Some(found) = DATE.captures(text) {
        let month = format!("{}-{}", &found[1], &found[2]);
        let day = found.get(3).map(|day| format!("{month}-{}", day.as_str()));
        return day.filter(|day| exists(day)).or_else(|| Some(month).filter(|month| exists(&format!("{month}-01"))));
    }
    let found = MONTH.captures(text)?;
    let month = MONTHS.iter().position(|month| found[1].eq_ignore_ascii_case(month))?;
    Some(format!("{}-{:02}", &found[2], month + 1))
}
