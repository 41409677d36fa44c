//! The plan, judged by the evidence that the store has: the same document that `workbench report` writes.

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc::UnboundedSender;

use super::facts::PlanFacts;
use super::msg::Msg;
use crate::catalog::Catalog;
use crate::project::Project;
use crate::report::{Document, Snapshot, Standup};
use crate::tracking::{Facts, Reader};

/// Changes that a stand-up tells at most.
const CHANGES_MAX: u32 = 2_000;

/// Reads the plan; the stand-up begins after the line `since`, or as many hours ago as the protocol says.
pub(super) fn read(project: &Project, sender: &UnboundedSender<Msg>, since: Option<i64>) {
    let (project, sender) = (project.clone(), sender.clone());
    tokio::spawn(async move {
        let plan = planned(&project, since).await;
        // When the interface has gone, nobody waits for this.
        let _ = sender.send(Msg::Plan(plan.map(Box::new)));
    });
}

async fn planned(project: &Project, since: Option<i64>) -> Result<PlanFacts, String> {
    let catalog = tokio::task::block_in_place(|| Catalog::load(project)).map_err(|faults| faults.to_string())?;
    let (facts, standup) = match Reader::open(project).await.map_err(|error| error.to_string())? {
        Some(reader) => recorded(&reader, &catalog, since).await.map_err(|error| error.to_string())?,
        None => (Facts::default(), Standup::default()),
    };
    // Hundreds of thousands of pairs for a long register: the other tasks of this thread go elsewhere meanwhile.
    Ok(tokio::task::block_in_place(|| {
        let hours = catalog.register.protocol.standup_hours;
        PlanFacts::of(Document::of(&Snapshot { catalog, facts }), standup, hours)
    }))
}

async fn recorded(
    reader: &Reader,
    catalog: &Catalog,
    since: Option<i64>,
) -> Result<(Facts, Standup), crate::tracking::StoreError> {
    let facts = reader.facts().await?;
    let until = facts.as_of.map_or(0, |(seq, _)| seq);
    let after = match since {
        Some(line) => line.min(until),
        None => {
            let hours = i64::from(catalog.register.protocol.standup_hours);
            let began = Timestamp::now().saturating_sub(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MIN);
            reader.line_before(began).await?
        }
    };
    let (changes, pairs) = reader.told(after, until, CHANGES_MAX).await?;
    Ok((facts, Standup::of(after, until, &changes, &pairs)))
}
