//! Checks of meaning: what no schema can say, because it needs a second file or a second value.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::plan::{Criterion, Header, Parity, Phases, Protocol, Risks, SuccessMetrics, Test};
use super::record::{Bounds, Claim, Direction, Improvement, ImprovementId, Trial, Variants};
use crate::yaml::{Document, Faults, nearest};

/// What could be read of a register's files.
pub(super) struct Documents {
    pub(super) header: Option<Document<Header>>,
    pub(super) phases: Option<Document<Phases>>,
    pub(super) metrics: Option<Document<SuccessMetrics>>,
    pub(super) risks: Option<Document<Risks>>,
    pub(super) parity: Option<Document<Parity>>,
    pub(super) protocol: Option<Document<Protocol>>,
    pub(super) entries: Vec<Document<Improvement>>,
    /// The ids that the names of the entries' files promise. Whoever names one of these is not blamed for a mistake in
    /// that file.
    pub(super) promised: BTreeSet<ImprovementId>,
}

impl Documents {
    fn ids(&self) -> BTreeSet<&ImprovementId> {
        self.entries.iter().map(|entry| &entry.value.id).chain(&self.promised).collect()
    }
}

/// Reports every contradiction.
pub(super) fn run(documents: &Documents, agents: &BTreeSet<u32>, faults: &mut Faults) {
    let ids = documents.ids();
    for entry in &documents.entries {
        check_id(entry, faults);
        check_agents(entry, agents, faults);
        check_lists(entry, faults);
        check_claim(entry, faults);
        check_needs(entry, &ids, faults);
        if let Some(header) = &documents.header {
            check_category(entry, &header.value, faults);
        }
        if let Some(variants) = &entry.value.variants {
            check_variants(entry, variants, faults);
        }
    }
    check_unique(&documents.entries, "id", |entry| &entry.id.0, faults);
    check_unique(&documents.entries, "feature", |entry| &entry.feature, faults);
    check_cycles(&documents.entries, faults);
    if let Some(phases) = &documents.phases {
        check_phases(phases, &documents.entries, &ids, faults);
    }
    check_plan(documents, agents, faults);
}

fn check_id(entry: &Document<Improvement>, faults: &mut Faults) {
    let id = &entry.value.id;
    if !id.is_well_formed() {
        faults.push(
            entry
                .fault("id", format!("`{id}` is not an id"))
                .code("register::id")
                .help("an id is one to four capital letters and three digits: T003"),
        );
    } else if stem(entry.name()) != id.0 {
        let folder = entry.name().rsplit_once('/').map_or("", |(folder, _)| folder);
        faults.push(
            entry
                .fault("id", format!("the file is called {} and its entry `{id}`", stem(entry.name())))
                .code("register::file_name")
                .help(format!("rename the file to {folder}/{id}.yaml, or mend the id")),
        );
    }
    let feature = &entry.value.feature;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '.');
    if feature.is_empty() || !feature.chars().all(fits) {
        let fault = entry.fault("feature", format!("`{feature}` is not the name of a Cargo feature"));
        faults.push(fault.code("register::feature").help("letters, digits, `-` and `_`"));
    }
}

fn check_agents(entry: &Document<Improvement>, agents: &BTreeSet<u32>, faults: &mut Faults) {
    for (index, number) in entry.value.agents.iter().enumerate() {
        check_agent(entry, &format!("agents.{index}"), *number, agents, faults);
    }
}

fn check_agent<T>(document: &Document<T>, path: &str, number: u32, agents: &BTreeSet<u32>, faults: &mut Faults) {
    // An empty roster is a mistake of its own.
    if !agents.is_empty() && !agents.contains(&number) {
        faults.push(
            document
                .fault(path, format!("there is no agent {number}"))
                .code("register::unknown_agent")
                .help(format!("the roster in agents/ has {}", ranges(agents))),
        );
    }
}

fn check_lists(entry: &Document<Improvement>, faults: &mut Faults) {
    let value = &entry.value;
    let modules: Vec<&str> = value.modules.iter().map(String::as_str).collect();
    for (path, empty) in [("agents", value.agents.is_empty()), ("modules", modules.is_empty())] {
        if empty {
            faults.push(entry.fault(path, format!("`{path}` is empty")).code("register::empty_list"));
        }
    }
    for (path, text) in
        [("title", &value.title), ("claim.text", &value.claim.text), ("claim.metric", &value.claim.metric)]
    {
        if text.trim().is_empty() {
            faults.push(entry.fault(path, format!("`{path}` is empty")).code("register::empty_text"));
        }
    }
}

fn check_claim(entry: &Document<Improvement>, faults: &mut Faults) {
    let Claim { low, high, better, .. } = &entry.value.claim;
    for (path, bound) in [("claim.low", low), ("claim.high", high)] {
        let Some(bound) = bound else { continue };
        if !bound.is_finite() || *bound < 0.0 {
            faults.push(
                entry
                    .fault(path, format!("`{path}` must be 0 or more, found {bound}"))
                    .code("register::claim")
                    .help("write the size of the change; `better` gives its direction"),
            );
        } else if *better == Direction::Lower && *bound > 1.0 {
            faults.push(
                entry
                    .fault(path, format!("nothing can fall by {} %", bound * 100.0))
                    .code("register::claim")
                    .help("the change is a fraction of the metric: 0.5 is 50 %"),
            );
        }
    }
    if let (Some(low), Some(high)) = (low, high)
        && low > high
    {
        faults.push(
            entry
                .fault("claim.low", format!("the claim's low end {low} lies above its high end {high}"))
                .code("register::claim")
                .and(entry.place("claim.high"), "high end")
                .help("exchange the two"),
        );
    }
}

fn check_needs(entry: &Document<Improvement>, ids: &BTreeSet<&ImprovementId>, faults: &mut Faults) {
    for (index, needed) in entry.value.needs.iter().enumerate() {
        if !ids.contains(needed) {
            let fault = entry.fault(&format!("needs.{index}"), format!("there is no improvement {needed}"));
            faults.push(fault.code("register::unknown_id").maybe_help(suggestion(&needed.0, ids)));
        }
    }
}

fn check_category(entry: &Document<Improvement>, header: &Header, faults: &mut Faults) {
    let category = &entry.value.category;
    if !header.categories.contains(category) {
        let known = header.categories.iter().map(|known| known.0.as_str());
        let help = match nearest(&category.0, known.clone()) {
            Some(near) => format!("did you mean `{near}`? New ones are added to `categories` in register.yaml"),
            None => format!("known: {}", known.collect::<Vec<_>>().join(", ")),
        };
        let fault = entry.fault("category", format!("there is no category `{category}`"));
        faults.push(fault.code("register::unknown_category").help(help));
    }
    let id = &entry.value.id;
    let prefixes = || header.packs.iter().flat_map(|pack| &pack.prefixes);
    if id.is_well_formed() && !prefixes().any(|prefix| prefix == id.prefix()) {
        let known: Vec<&str> = prefixes().map(String::as_str).collect();
        faults.push(
            entry
                .fault("id", format!("no pack has ids that begin with `{}`", id.prefix()))
                .code("register::unknown_pack")
                .help(format!("known: {}; packs stand in register.yaml", known.join(", "))),
        );
    }
}

fn check_variants(entry: &Document<Improvement>, variants: &Variants, faults: &mut Faults) {
    for (path, text) in [
        ("variants.baseline", &variants.baseline),
        ("variants.optimized", &variants.optimized),
        ("variants.seam", &variants.seam),
    ] {
        if text.trim().is_empty() {
            faults.push(entry.fault(path, format!("`{path}` is empty")).code("register::empty_text"));
        }
    }
    check_trial(entry, "variants.workload", &variants.workload, faults);
    check_trial(entry, "variants.control", &variants.control, faults);
    for (index, guard) in variants.guards.iter().enumerate() {
        check_trial(entry, &format!("variants.guards.{index}"), guard, faults);
    }
    let same = |a: &Trial, b: &Trial| (&a.workload, &a.params, &a.metric) == (&b.workload, &b.params, &b.metric);
    if same(&variants.workload, &variants.control) {
        faults.push(
            entry
                .fault("variants.control", "the control is the main workload itself")
                .code("register::control")
                .help("the control must not move: choose one that the mechanism cannot touch"),
        );
    }
    let mechanism = &variants.mechanism;
    let before = faults.len();
    check_bounds(entry, "variants.mechanism.on", &mechanism.on, faults);
    check_bounds(entry, "variants.mechanism.off", &mechanism.off, faults);
    let sound = faults.len() == before;
    let low = |bounds: &Bounds| bounds.min.unwrap_or(f64::NEG_INFINITY);
    let high = |bounds: &Bounds| bounds.max.unwrap_or(f64::INFINITY);
    if sound && low(&mechanism.on) <= high(&mechanism.off) && low(&mechanism.off) <= high(&mechanism.on) {
        faults.push(
            entry
                .fault("variants.mechanism.on", "the bounds of `on` and `off` overlap: the figure proves nothing")
                .code("register::mechanism")
                .help("choose bounds that no arm can satisfy both"),
        );
    }
}

fn check_trial(entry: &Document<Improvement>, path: &str, trial: &Trial, faults: &mut Faults) {
    for (name, text) in [("workload", &trial.workload), ("metric", &trial.metric)] {
        if text.trim().is_empty() {
            let path = format!("{path}.{name}");
            faults.push(entry.fault(&path, format!("`{path}` is empty")).code("register::empty_text"));
        }
    }
    if let Some(gain) = trial.required_gain
        && (!gain.0.is_finite() || gain.0 <= 0.0)
    {
        let path = format!("{path}.required_gain");
        let fault = entry.fault(&path, format!("`{path}` must be above 0, found {}", gain.0));
        faults.push(fault.code("register::trial").help("0.10 asks for 10 % more"));
    }
}

fn check_bounds<T>(document: &Document<T>, path: &str, bounds: &Bounds, faults: &mut Faults) {
    match (bounds.min, bounds.max) {
        (None, None) => {
            let fault = document.fault(path, format!("`{path}` bounds nothing"));
            faults.push(fault.code("register::bounds").help("give `min`, `max` or both"));
        }
        (Some(min), Some(max)) if min > max => {
            let fault = document.fault(&format!("{path}.min"), format!("min {min} lies above max {max}"));
            faults.push(fault.code("register::bounds").and(document.place(&format!("{path}.max")), "max"));
        }
        (_, _) => {}
    }
}

/// Two entries must not share what `key` reads from them.
fn check_unique(
    entries: &[Document<Improvement>],
    key: &'static str,
    value: impl Fn(&Improvement) -> &str,
    faults: &mut Faults,
) {
    let mut first: BTreeMap<String, &Document<Improvement>> = BTreeMap::new();
    for entry in entries {
        let text = value(&entry.value);
        if let Some(earlier) = first.get(&text.to_lowercase()) {
            faults.push(
                entry
                    .fault(key, format!("{key} `{text}` is taken by {}", earlier.fault(key, "").place()))
                    .code("register::duplicate")
                    .help(format!("each improvement needs its own {key}")),
            );
        } else {
            first.insert(text.to_lowercase(), entry);
        }
    }
}

/// Follows `needs` from each entry; a way back to the start is a cycle, told once.
fn check_cycles(entries: &[Document<Improvement>], faults: &mut Faults) {
    let by_id: BTreeMap<&ImprovementId, &Document<Improvement>> =
        entries.iter().map(|entry| (&entry.value.id, entry)).collect();
    let mut done: BTreeSet<&ImprovementId> = BTreeSet::new();
    for start in by_id.keys() {
        let mut path: Vec<(&ImprovementId, usize)> = vec![(start, 0)];
        while let Some((id, next)) = path.last_mut() {
            let needs = by_id.get(*id).map(|entry| entry.value.needs.as_slice()).unwrap_or_default();
            let Some(needed) = needs.get(*next).filter(|_| !done.contains(*id)) else {
                done.insert(*id);
                path.pop();
                continue;
            };
            let at = *next;
            *next += 1;
            if let Some(begin) = path.iter().position(|(id, _)| *id == needed) {
                let (last, _) = path[path.len() - 1];
                let ring: Vec<String> = path[begin..].iter().map(|(id, _)| id.to_string()).collect();
                if let Some(entry) = by_id.get(last) {
                    faults.push(
                        entry
                            .fault(
                                &format!("needs.{at}"),
                                format!("{} → {needed} is a cycle of needs", ring.join(" → ")),
                            )
                            .code("register::cycle")
                            .help("one of them must be able to come first"),
                    );
                }
            } else if by_id.contains_key(needed) && !done.contains(needed) {
                path.push((needed, 0));
            }
        }
    }
}

fn check_phases(
    phases: &Document<Phases>,
    entries: &[Document<Improvement>],
    ids: &BTreeSet<&ImprovementId>,
    faults: &mut Faults,
) {
    let mut home: BTreeMap<&ImprovementId, (u32, Range<usize>)> = BTreeMap::new();
    for (index, phase) in phases.value.phases.iter().enumerate() {
        if phase.number as usize != index + 1 {
            let fault = phases.fault(&format!("phases.{index}.number"), format!("this is phase {}", index + 1));
            faults.push(fault.code("register::phase").help("phases are numbered from 1 in order"));
        }
        for (position, member) in phase.members.iter().enumerate() {
            let path = format!("phases.{index}.members.{position}");
            if !ids.contains(member) {
                let fault = phases.fault(&path, format!("there is no improvement {member}"));
                faults.push(fault.code("register::unknown_id").maybe_help(suggestion(&member.0, ids)));
            }
            if let Some((number, first)) = home.get(member) {
                faults.push(
                    phases
                        .fault(&path, format!("{member} belongs to phase {number} already"))
                        .code("register::phase")
                        .label("again")
                        .and(first.clone(), "first"),
                );
            } else {
                home.insert(member, (phase.number, phases.place(&path)));
            }
        }
    }
    for entry in entries {
        let (id, said) = (&entry.value.id, entry.value.phase);
        let promised = ImprovementId(stem(entry.name()).to_owned());
        match home.get(id).or_else(|| home.get(&promised)) {
            Some((number, _)) if *number == said => {}
            Some((number, _)) => faults.push(
                entry
                    .fault("phase", format!("{id} says phase {said}, but phases.yaml lists it in phase {number}"))
                    .code("register::phase")
                    .help("mend one of the two"),
            ),
            None if phases.value.phases.iter().any(|phase| phase.number == said) => faults.push(
                entry
                    .fault("phase", format!("{id} is in no phase"))
                    .code("register::phase")
                    .help(format!("add it to the members of phase {said} in phases.yaml")),
            ),
            None => faults.push(
                entry
                    .fault("phase", format!("there is no phase {said}"))
                    .code("register::phase")
                    .help(format!("phases.yaml has phases 1 to {}", phases.value.phases.len())),
            ),
        }
    }
}

/// The header, criteria, metrics and risks.
fn check_plan(documents: &Documents, agents: &BTreeSet<u32>, faults: &mut Faults) {
    if let Some(header) = &documents.header {
        check_agent(header, "orchestrator", header.value.orchestrator, agents, faults);
        check_date(header, "date", &header.value.date, faults);
        for (index, note) in header.value.notes.iter().enumerate() {
            check_date(header, &format!("notes.{index}.date"), &note.date, faults);
        }
    }
    if let Some(risks) = &documents.risks {
        let mut seen = BTreeSet::new();
        for (index, risk) in risks.value.risks.iter().enumerate() {
            if !seen.insert(&risk.id) {
                let fault = risks.fault(&format!("risks.{index}.id"), format!("risk {} stands here twice", risk.id));
                faults.push(fault.code("register::duplicate"));
            }
            for (position, owner) in risk.owners.iter().enumerate() {
                check_agent(risks, &format!("risks.{index}.owners.{position}"), *owner, agents, faults);
            }
        }
    }
    if let Some(phases) = &documents.phases {
        for (index, phase) in phases.value.phases.iter().enumerate() {
            for (position, Criterion { measured_by, not_measurable, .. }) in phase.criteria.iter().enumerate() {
                let path = format!("phases.{index}.criteria.{position}");
                check_judged(phases, &path, measured_by.as_ref(), not_measurable.as_deref(), faults);
            }
        }
    }
    if let Some(metrics) = &documents.metrics {
        for (index, group) in metrics.value.groups.iter().enumerate() {
            for (position, metric) in group.metrics.iter().enumerate() {
                let path = format!("groups.{index}.metrics.{position}");
                let (test, reason) = (metric.measured_by.as_ref(), metric.not_measurable.as_deref());
                check_judged(metrics, &path, test, reason, faults);
            }
        }
    }
}

/// A criterion says how it is measured, or why it is not: one of the two.
fn check_judged<T>(document: &Document<T>, path: &str, test: Option<&Test>, reason: Option<&str>, faults: &mut Faults) {
    match (test, reason) {
        (Some(test), None) => check_bounds(document, &format!("{path}.measured_by.bounds"), &test.bounds, faults),
        (None, Some(reason)) if !reason.trim().is_empty() => {}
        (None, Some(_)) => {
            let fault = document.fault(&format!("{path}.not_measurable"), "`not_measurable` gives no reason");
            faults.push(fault.code("register::criterion"));
        }
        (Some(_), Some(_)) => {
            let fault = document.fault(path, "this is measured and not measurable at once");
            faults.push(fault.code("register::criterion").help("keep `measured_by` or `not_measurable`"));
        }
        (None, None) => {
            let fault = document.fault(path, "this says neither how it is measured nor why it cannot be");
            faults.push(fault.code("register::criterion").help("add `measured_by` or `not_measurable`"));
        }
    }
}

fn check_date<T>(document: &Document<T>, path: &str, date: &str, faults: &mut Faults) {
    if date.parse::<jiff::civil::Date>().is_err() || date.len() != 10 {
        let fault = document.fault(path, format!("`{date}` is not a day"));
        faults.push(fault.code("register::date").help("write year, month and day: 2025-12-22"));
    }
}

fn suggestion(word: &str, ids: &BTreeSet<&ImprovementId>) -> Option<String> {
    nearest(word, ids.iter().map(|id| id.0.as_str())).map(|near| format!("did you mean {near}?"))
}

/// `1-4, 7`.
fn ranges(numbers: &BTreeSet<u32>) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, end)) if *end + 1 == *number => *end = *number,
            _ => runs.push((*number, *number)),
        }
    }
    let shown = runs.iter().map(|(from, to)| match to - from {
        0 => from.to_string(),
        1 => format!("{from}, {to}"),
        _ => format!("{from}-{to}"),
    });
    let shown: Vec<String> = shown.collect();
    if shown.is_empty() { "nobody".to_owned() } else { shown.join(", ") }
}

/// `T003` of `improvements/T003.yaml`.
pub(super) fn stem(name: &str) -> &str {
    let file = name.rsplit('/').next().unwrap_or(name);
    file.rsplit_once('.').map_or(file, |(stem, _)| stem)
}
