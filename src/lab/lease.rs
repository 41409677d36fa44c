//! Taking the machine's lease: the one way for all that measures.

use std::fmt::Write;

use super::LabError;
use super::recorder::Interrupt;
use crate::machine::lease::LeaseError;
use crate::machine::{Lease, Owner, Patience};
use crate::project::Project;

/// Named in a note at most so many; of others only their number.
const NAMED_MAX: usize = 3;

/// Takes the machine for `what`, a command line without its first word: `apply T003`. Notes of whom it waited for go to `tell`.
pub async fn take(
    project: &Project,
    what: &str,
    patience: Patience,
    tell: &mut (dyn FnMut(String) + Send),
    mut interrupt: Interrupt,
) -> Result<Lease, LabError> {
    let (place, us) = (project.lease(), Owner::new(what, project.root()));
    Lease::take(&place, us, patience, tell, interrupt.wished()).await.map_err(|error| match error {
        LeaseError::Busy(_) => LabError::Busy { holder: error.to_string(), command: what.to_owned() },
        LeaseError::Interrupted => LabError::Interrupted,
        LeaseError::File { .. } => LabError::Lease(error),
    })
}

/// When all is built: returns when all who give way stand still, and says who did and who did not.
pub async fn quiet(lease: &mut Lease) -> Result<Vec<String>, LabError> {
    lease.hush().map_err(LabError::Lease)?;
    let settled = lease.settle().await;
    let told = [(settled.stopped, "stopped while we measure"), (settled.restless, "did not stop for us")];
    let told = told.into_iter().filter(|(they, _)| !they.is_empty());
    Ok(told.map(|(they, what)| format!("{what}: {}", list(&they))).collect())
}

fn list(owners: &[Owner]) -> String {
    let named: Vec<String> = owners.iter().take(NAMED_MAX).map(|owner| owner.what.clone()).collect();
    let mut text = named.join(", ");
    if let Some(more) = owners.len().checked_sub(NAMED_MAX).filter(|&more| more > 0) {
        // Writing into a string does not fail.
        let _ = write!(text, " and {more} more");
    }
    text
}
