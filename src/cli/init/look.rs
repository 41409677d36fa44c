//! What only building tells: which features compile, and which work a program has.

use std::io::{self, Write};

use super::ask;
use super::choice::{Choice, direction};
use crate::cli::{Exit, Failure};
use crate::config::Config;
use crate::lab::LabError;
use crate::lab::adapter::benches;
use crate::lab::build::{Arms, Lane, Together, compile_together, prepare};
use crate::lab::driver::Driver;
use crate::lab::experiment::Side;
use crate::lab::folder::LabFolder;
use crate::lab::journal::Event;
use crate::project::Project;

/// Tries the chosen features alone and two by two.
pub(super) async fn together(choice: &Choice, project: &Project) -> Result<Together, Failure> {
    let (arms, _) = arms(choice, project).await?;
    telling(async |lane| compile_together(&arms, &choice.features, lane).await).await
}

/// Builds the program without any of the features, and takes from it what work there is.
pub(super) async fn for_work(choice: &mut Choice, project: &Project) -> Result<(), Failure> {
    let (arms, folder) = arms(choice, project).await?;
    let binary = telling(async |lane| arms.build(Side::A, &[], lane).await).await?;
    let work = folder.work_folder()?;
    let known = match &choice.target.adapter {
        Some(adapter) => {
            let task = arms.task(adapter, &binary, Vec::new());
            let listed = benches(&task, work.path());
            let listed = listed.map_err(|failure| Failure::new(Exit::Failed, miette::miette!("{failure}")))?;
            listed.unwrap_or_default()
        }
        None => {
            let driver =
                Driver::start(&arms.launch_alone(&binary, Vec::new()), work, 0).await.map_err(LabError::from)?;
            let workloads = driver.hello().workloads.clone();
            let first = workloads.first().and_then(|workload| workload.metrics.first());
            if let Some(metric) = first {
                choice.metric = (metric.name.clone(), direction(metric.better));
            }
            workloads.into_iter().map(|workload| workload.name).collect()
        }
    };
    choice.workloads = match known.len() {
        0 | 1 => known,
        count => {
            choice
                .notes
                .push(format!("`{}` has {count} workloads; improvements/*.yaml may name others", choice.target.driver));
            vec![ask::one("workload", "--workload", None, &known)?]
        }
    };
    if choice.workloads.is_empty() {
        let help = "name one with --workload";
        let report = miette::miette!(
            code = "init::no_work",
            help = help,
            "`{}` lists nothing to be measured",
            choice.target.driver
        );
        return Err(Failure::new(Exit::NotFound, report));
    }
    Ok(())
}

async fn arms(choice: &Choice, project: &Project) -> Result<(Arms, LabFolder), LabError> {
    let config = Config {
        target: choice.target.clone(),
        policy: Default::default(),
        machine: Default::default(),
        lab: choice.lab.clone(),
        store: Default::default(),
        agents: Default::default(),
        screen: Default::default(),
        compare: Vec::new(),
    };
    let folder = LabFolder::at(&project.lab_dir())?;
    Ok((prepare(&config, project.root(), &folder).await?, folder))
}

/// Runs `work`; what its lane tells goes to stderr.
async fn telling<T>(work: impl AsyncFnOnce(&Lane) -> Result<T, LabError>) -> Result<T, Failure> {
    let ([lane], mut events) = Lane::several::<1>();
    let mut working = std::pin::pin!(work(&lane));
    loop {
        tokio::select! {
            done = &mut working => return Ok(done?),
            Some(event) = events.recv() => {
                if let Event::Progress { note } = event {
                    // Whoever read stderr has gone: the work does not depend on being watched.
                    drop(writeln!(io::stderr(), "{note}"));
                }
            }
        }
    }
}
