//! Profiles of an experiment, read from the shelf and laid out for the screen, off the thread that draws.

use std::path::PathBuf;

use tokio::sync::mpsc::UnboundedSender;

use super::facts::ProfileFacts;
use super::msg::{Msg, ProfileKey};
use crate::profiles::{Difference, Kind, Owner, Shelf, ShelfError};
use crate::project::Project;
use crate::tracking::{ProfileFact, Reader};

/// Reads both arms' profiles of a kind and compares them.
pub(super) fn read(project: &Project, sender: &UnboundedSender<Msg>, key: ProfileKey) {
    let (project, sender) = (project.clone(), sender.clone());
    tokio::spawn(async move {
        let read = compared(&project, &key, |shelf, all, difference| {
            let waits = if key.kind == Kind::Wait { ProfileFact::waited(all, shelf)? } else { Vec::new() };
            Ok(ProfileFacts::of(key.clone(), &difference, &waits))
        })
        .await;
        // When the interface has gone, nobody waits for this.
        let _ = sender.send(Msg::Profile(key.clone(), read.map(Box::new)));
    });
}

/// Draws the pictures that are missing, and says where they are.
pub(super) fn pictures(project: &Project, sender: &UnboundedSender<Msg>, key: ProfileKey) {
    let (project, sender) = (project.clone(), sender.clone());
    tokio::spawn(async move {
        let drawn = compared(&project, &key, |shelf, _, difference| {
            let owner = Owner { subject: &key.subject, experiment: key.experiment.0 };
            shelf.draw_missing(owner, &difference)?;
            Ok(shelf.pictures(owner, key.kind).map(|file| project.shown(&file).into()).collect::<Vec<PathBuf>>())
        });
        let _ = sender.send(Msg::Pictures(drawn.await));
    });
}

/// Does something with what changed from A to B, in a thread of its own.
async fn compared<T: Send>(
    project: &Project,
    key: &ProfileKey,
    use_it: impl FnOnce(&Shelf, &[ProfileFact], Difference) -> Result<T, ShelfError> + Send,
) -> Result<T, String> {
    let nothing = || format!("there is no {} profile of both arms in experiment {}", key.kind, key.experiment.0);
    let reader = Reader::open(project).await.map_err(|error| error.to_string())?.ok_or_else(nothing)?;
    let all = reader.profiles(key.experiment).await.map_err(|error| error.to_string())?;
    let shelf = Shelf::new(&project.profiles_dir());
    // Seconds for the largest: the other tasks of this thread go elsewhere meanwhile.
    tokio::task::block_in_place(|| {
        let difference = ProfileFact::compared(&all, &shelf, key.kind).map_err(|error| error.to_string())?;
        use_it(&shelf, &all, difference.ok_or_else(nothing)?).map_err(|error| error.to_string())
    })
}
