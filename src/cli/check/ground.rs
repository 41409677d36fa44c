//! What is checked: the store, or evidence in files, which is merged into a store that lives as long as the check.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tempfile::TempDir;

use crate::cli::import::evidence::{files, read};
use crate::cli::verdict::all::derive_again;
use crate::cli::{Context, Exit, Failure, OrExit};
use crate::config::Config;
use crate::improvements::ImprovementId;
use crate::lab::build::prepare;
use crate::lab::experiment::Question;
use crate::lab::folder::LabFolder;
use crate::lab::verdict::Again;
use crate::tracking::{Known, Reader, Store, VerdictFact};

/// Facts to be checked, or to be checked against.
pub(super) struct Ground {
    reader: Reader,
    /// What is known of each improvement.
    pub(super) known: BTreeMap<ImprovementId, Known>,
    /// Improvements with an accepted verdict, whatever came later.
    pub(super) ever_accepted: BTreeSet<ImprovementId>,
    /// Holds the store of evidence in files.
    _folder: Option<TempDir>,
}

impl Ground {
    /// The project's store.
    pub(super) async fn of_store(context: &Context) -> Result<Self, Failure> {
        let none = || {
            miette::miette!(
                code = "check::nothing",
                help = "name the evidence: `workbench check --evidence DIR`; `workbench export --to DIR` writes it",
                "this project has no store yet"
            )
        };
        let reader = Reader::open(&context.project).await?.ok_or_else(none).or_exit(Exit::NotFound)?;
        Self::of(reader, None).await
    }

    /// Evidence in a file or folder.
    pub(super) async fn of_evidence(path: &Path) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()
            .map_err(|error| miette::miette!("cannot make a folder for the evidence: {error}"))
            .or_exit(Exit::Failed)?;
        let store = Store::open_at(&folder.path().join("evidence.db"), &folder.path().join("profiles")).await?;
        for (file, evidence) in read(files(path)?)? {
            let merged = store.merge(&evidence, &file.display().to_string(), false).await?;
            if let Some(conflict) = merged.conflicts.first() {
                let report = miette::miette!(
                    code = "check::contradiction",
                    "{} contradicts another file of {}: {} of {}",
                    file.display(),
                    path.display(),
                    conflict.fact,
                    conflict.subject
                );
                return Err(report).or_exit(Exit::Failed);
            }
        }
        Self::of(store.reader().clone(), Some(folder)).await
    }

    async fn of(reader: Reader, folder: Option<TempDir>) -> Result<Self, Failure> {
        let known = reader.known().await?;
        let verdicts = reader.all_verdicts().await?;
        let accepted = verdicts.into_iter().filter(|verdict| verdict.ruling.passed);
        let ever_accepted = accepted
            .filter_map(|verdict| match verdict.question {
                Question::AddOneIn(id) => Some(id),
                Question::LeaveOneOut(_) | Question::Itself | Question::Compare | Question::HandedIn(_) => None,
            })
            .collect();
        Ok(Self { reader, known, ever_accepted, _folder: folder })
    }

    pub(super) async fn verdicts(&self, question: &Question) -> Result<Vec<VerdictFact>, Failure> {
        Ok(self.reader.verdicts(question).await?)
    }

    pub(super) async fn derive_again(&self, verdict: &VerdictFact) -> Result<Again, Failure> {
        derive_again(&self.reader, verdict).await
    }
}

/// The digest of the target's sources as they are, asking Cargo what belongs to them: a fresh clone was never digested.
pub(super) async fn tree_now(context: &Context, config: &Config) -> Option<String> {
    let folder = LabFolder::at(&context.project.lab_dir()).ok()?;
    let arms = prepare(config, context.project.root(), &folder).await.ok()?;
    Some(arms.digest().to_owned())
}
