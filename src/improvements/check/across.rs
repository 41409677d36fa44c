//! What only several entries together can get wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::documents::{stem, suggestion};
use crate::improvements::plan::{Phase, Phases};
use crate::improvements::{Improvement, ImprovementId};
use crate::yaml::{Document, Faults};

/// Two entries must not share what `key` reads from them.
pub(super) fn check_unique(
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
pub(super) fn check_cycles(entries: &[Document<Improvement>], faults: &mut Faults) {
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

pub(super) fn check_phases(
    phases: &Document<Phases>,
    entries: &[Document<Improvement>],
    ids: &BTreeSet<&ImprovementId>,
    faults: &mut Faults,
) {
    let mut home: BTreeMap<&ImprovementId, (u32, Range<usize>)> = BTreeMap::new();
    for (index, phase) in phases.value.phases.iter().enumerate() {
        let before = index.checked_sub(1).map_or(0, |before| phases.value.phases[before].number);
        if phase.number <= before {
            let fault = phases
                .fault(&format!("phases.{index}.number"), format!("phase {} comes after phase {before}", phase.number));
            faults.push(fault.code("register::phase").help("phases stand in the order of their numbers, from 1"));
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
                    .help(format!("phases.yaml has phases {}", numbers(phases))),
            ),
        }
    }
}

/// `1 to 4`.
fn numbers(phases: &Document<Phases>) -> String {
    let number = |phase: Option<&Phase>| phase.map_or(0, |phase| phase.number);
    format!("{} to {}", number(phases.value.phases.first()), number(phases.value.phases.last()))
}
