//! One entry by itself, and the names it uses.

use std::collections::BTreeSet;

use super::documents::{check_agent, stem, suggestion};
use super::trials::check_variants;
use crate::improvements::plan::Header;
use crate::improvements::{Claim, Direction, Improvement, ImprovementId};
use crate::yaml::{Document, Faults, nearest};

/// Everything that can be said of one entry.
pub(super) fn check_entry(
    entry: &Document<Improvement>,
    header: Option<&Header>,
    agents: &BTreeSet<u32>,
    ids: &BTreeSet<&ImprovementId>,
    faults: &mut Faults,
) {
    check_id(entry, faults);
    check_agents(entry, agents, faults);
    check_lists(entry, faults);
    check_claim(entry, faults);
    check_names(entry, "needs", &entry.value.needs, ids, faults);
    check_names(entry, "conflicts", &entry.value.conflicts, ids, faults);
    check_opposites(entry, faults);
    if let Some(header) = header {
        check_category(entry, header, faults);
    }
    if let Some(variants) = &entry.value.variants {
        check_variants(entry, variants, faults);
    }
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

fn check_names(
    entry: &Document<Improvement>,
    key: &str,
    named: &[ImprovementId],
    ids: &BTreeSet<&ImprovementId>,
    faults: &mut Faults,
) {
    for (index, name) in named.iter().enumerate() {
        if !ids.contains(name) {
            let fault = entry.fault(&format!("{key}.{index}"), format!("there is no improvement {name}"));
            faults.push(fault.code("register::unknown_id").maybe_help(suggestion(&name.0, ids)));
        }
    }
}

fn check_opposites(entry: &Document<Improvement>, faults: &mut Faults) {
    let Improvement { id, needs, conflicts, .. } = &entry.value;
    for (index, other) in conflicts.iter().enumerate() {
        let path = format!("conflicts.{index}");
        if other == id {
            let fault = entry.fault(&path, format!("{id} cannot be in conflict with itself"));
            faults.push(fault.code("register::conflict").help("name the other improvement"));
        } else if needs.contains(other) {
            let fault = entry.fault(&path, format!("{id} needs {other} and cannot be built with it"));
            faults.push(fault.code("register::conflict").help("remove it from `needs` or from `conflicts`"));
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
