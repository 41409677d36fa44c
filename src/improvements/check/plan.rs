//! What stands around the entries: header, risks, criteria and metrics.

use std::collections::BTreeSet;

use regex::Regex;

use super::documents::{Documents, check_agent};
use super::trials::check_bounds;
use crate::improvements::plan::{Criterion, Test, UNDATED};
use crate::yaml::{Document, Faults};

/// The header, criteria, metrics and risks.
pub(super) fn check_plan(documents: &Documents, agents: &BTreeSet<u32>, faults: &mut Faults) {
    if let Some(header) = &documents.header {
        check_agent(header, "orchestrator", header.value.orchestrator, agents, faults);
        let date = &header.value.date;
        // A source may know the month only, or nothing.
        let is_month = date.len() == 7 && format!("{date}-01").parse::<jiff::civil::Date>().is_ok();
        if !is_month && date != UNDATED {
            check_date(header, "date", date, faults);
        }
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
            for (position, sign) in risk.raised_by.iter().enumerate() {
                if let Some(Err(error)) = sign.naming.as_ref().map(|naming| Regex::new(naming)) {
                    let path = format!("risks.{index}.raised_by.{position}.naming");
                    let fault = risks.fault(&path, format!("not a regular expression: {error}"));
                    faults.push(fault.code("register::naming").help("see https://docs.rs/regex/latest/regex/#syntax"));
                }
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
