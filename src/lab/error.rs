//! What can keep an experiment from its verdict. A driver's misdeeds are in [`DriverError`].

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

use super::driver::DriverError;
use super::experiment::Side;
use crate::machine::LeaseError;
use crate::project::ProjectError;
use crate::repository::HistoryError;

/// Why there is no verdict.
#[derive(Debug, Error, Diagnostic)]
pub enum LabError {
    /// Somebody else measures on this machine.
    #[error("the machine is busy: {holder}")]
    #[diagnostic(
        code(lab::busy),
        help(
            "wait for it: `workbench {command} --wait`, or for ten minutes at most: `workbench {command} --wait=10m`"
        )
    )]
    Busy {
        /// Who holds the lease, for what, since when.
        holder: String,
        /// What was to be done.
        command: String,
    },
    /// The lease's file.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Lease(LeaseError),
    /// Too many pairs were dropped.
    #[error("the machine is too busy: {dropped} of {of} pairs were dropped, the last one because of {reason}")]
    #[diagnostic(code(lab::too_busy), help("quiet the machine, then go on: `workbench {command}`"))]
    TooBusy {
        /// Pairs dropped.
        dropped: usize,
        /// Of so many.
        of: usize,
        /// Of the last dropped pair.
        reason: String,
        /// What goes on with it.
        command: String,
    },
    /// A person or the system asked to stop.
    #[error("stopped; every finished pair is kept")]
    #[diagnostic(code(lab::stopped), help("go on with `--resume`"))]
    Interrupted,
    /// The experiment took longer than it may.
    #[error("the experiment was stopped after {seconds} s; every finished pair is kept")]
    #[diagnostic(
        code(lab::time_limit),
        help("raise `lab.experiment_limit_s` in workbench.yaml, then go on with `--resume`")
    )]
    OutOfTime {
        /// Its limit.
        seconds: u64,
    },
    /// `cargo` is not there, or cannot be run.
    #[error("cannot run `{program}`: {cause}")]
    #[diagnostic(
        code(lab::no_compiler),
        help("install Rust (https://rustup.rs) and a C compiler, or put them on PATH; `workbench doctor` checks both")
    )]
    NoCompiler {
        /// What was to be run.
        program: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The compiler refused an arm.
    #[error("arm {side} does not build ({features})\n\n{output}")]
    #[diagnostic(code(lab::build), help("mend it, or repeat it by hand: {command}"))]
    BuildFailed {
        /// Which arm.
        side: Side,
        /// Its features, for people.
        features: String,
        /// The compiler's own words.
        output: String,
        /// The command line, to repeat it by hand.
        command: String,
    },
    /// The build made no such binary.
    #[error("the build of arm {side} made no {kind} `{driver}`")]
    #[diagnostic(
        code(lab::no_driver),
        help("`target.driver` in workbench.yaml must name a target of `target.package`, and `target.kind` its kind")
    )]
    NoDriver {
        /// Which arm.
        side: Side,
        /// The binary's name.
        driver: String,
        /// Cargo's word for what it is.
        kind: &'static str,
    },
    /// A build or test run took too long.
    #[error("{what} took longer than {seconds} s and was stopped")]
    #[diagnostic(code(lab::limit), help("raise `{key}` in workbench.yaml"))]
    TooLong {
        /// What was run.
        what: String,
        /// Its limit.
        seconds: u64,
        /// Where the limit is set.
        key: &'static str,
    },
    /// The target's packages cannot be found.
    #[error("cannot read the target: {message}")]
    #[diagnostic(code(lab::target), help("check `target` in workbench.yaml"))]
    Target {
        /// What Cargo said.
        message: String,
    },
    /// Too many builds of a screen failed.
    #[error("only {there} of {of} builds are there: that tells nothing of anything")]
    #[diagnostic(
        code(lab::too_few_builds),
        help("the progress above says what does not build; screen fewer improvements, or mend them")
    )]
    TooFewBuilds {
        /// Builds that are there.
        there: usize,
        /// Of so many.
        of: usize,
    },
    /// What all other builds of a screen are measured against fails.
    #[error("the reference build failed: {reason}")]
    #[diagnostic(
        code(lab::reference_lost),
        help(
            "mend it, or leave improvements out; what was measured against it is kept, and counts for this screen alone"
        )
    )]
    ReferenceLost {
        /// Why.
        reason: String,
    },
    /// There is no screen to fold over.
    #[error("there is no screen of these improvements on these sources to fold over")]
    #[diagnostic(code(lab::nothing_to_fold), help("run it first: `workbench {command}`"))]
    NothingToFold {
        /// What would ask the same.
        command: String,
    },
    /// The plan asks a driver for what it does not have.
    #[error("the driver `{driver}` cannot run the plan: {message}")]
    #[diagnostic(code(lab::plan), help("{remedy}"))]
    Plan {
        /// Its name.
        driver: String,
        /// What is missing.
        message: String,
        /// What to do.
        remedy: String,
    },
    /// A driver misbehaved before anything could be blamed on the improvement.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Driver(#[from] Box<DriverError>),
    /// A revision cannot be had.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Revision(#[from] HistoryError),
    /// A working tree named by its path cannot be had.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Worktree(#[from] ProjectError),
    /// A feature that the target does not have in these sources.
    #[error("{place} has no feature `{feature}`: package `{package}` has {known}")]
    #[diagnostic(
        code(lab::no_feature),
        help("name features of that package, each as `target.feature_prefix` continues it")
    )]
    NoFeature {
        /// The sources.
        place: String,
        /// Which feature.
        feature: String,
        /// Of which package.
        package: String,
        /// The features it has.
        known: String,
    },
    /// Two arms that would be one binary.
    #[error("A and B are the same: the same sources with the same features")]
    #[diagnostic(
        code(lab::same_arms),
        help(
            "name two revisions that differ, or features with --features-a and --features-b; an arm is measured against itself by `workbench calibrate`"
        )
    )]
    SameArms,
    /// A driver that is not built has no revisions.
    #[error("`target.command` names a driver that is not built here: it has no revisions to compare")]
    #[diagnostic(
        code(lab::no_sources),
        help("compare `.` with `.` by --features-a and --features-b, or have Cargo build the driver")
    )]
    NoSources,
    /// A file of the lab.
    #[error("cannot {doing} {}: {cause}", path.display())]
    #[diagnostic(
        code(lab::file),
        help("check that the disk is not full and the folder belongs to you; finished pairs are kept")
    )]
    File {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Instructions cannot be counted here.
    #[error("valgrind is not installed, or does not run: {0}")]
    #[diagnostic(
        code(lab::no_valgrind),
        help(
            "install it (Debian: apt install valgrind), or do without instructions: `workbench profile` needs it for nothing else"
        )
    )]
    NoValgrind(String),
    /// What Callgrind wrote cannot be used.
    #[error("{0}")]
    #[diagnostic(code(lab::callgrind), help("the driver must end by itself after `finish`; try again"))]
    Callgrind(String),
    /// The binary of a recorded experiment is not there any more.
    #[error("the binary of arm {side} is gone: {}", path.display())]
    #[diagnostic(
        code(lab::arm_gone),
        help("`workbench apply` builds it again; lab.cache_limit_mb in workbench.yaml says how many are kept")
    )]
    ArmGone {
        /// Which arm.
        side: Side,
        /// Where it was.
        path: PathBuf,
    },
    /// The facts cannot be written down: measuring on would lose them.
    #[error("cannot record a fact: {0}")]
    #[diagnostic(
        code(lab::journal),
        help("what was recorded before is kept; mend the store, then go on with `--resume`")
    )]
    Journal(String),
}

impl LabError {
    /// A file error; for `map_err`.
    pub(crate) fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |cause| Self::File { doing, path, cause }
    }

    /// Whether something that was named does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Revision(HistoryError::NoRevision { .. }) | Self::Worktree(_) | Self::NoFeature { .. })
    }

    /// Whether trying again later, unchanged, may succeed: the machine was busy.
    pub fn is_busy(&self) -> bool {
        match self {
            Self::Busy { .. } | Self::TooBusy { .. } => true,
            Self::Lease(_)
            | Self::Interrupted
            | Self::OutOfTime { .. }
            | Self::NoCompiler { .. }
            | Self::BuildFailed { .. }
            | Self::NoDriver { .. }
            | Self::TooLong { .. }
            | Self::Target { .. }
            | Self::TooFewBuilds { .. }
            | Self::ReferenceLost { .. }
            | Self::NothingToFold { .. }
            | Self::Plan { .. }
            | Self::Driver(_)
            | Self::Revision(_)
            | Self::Worktree(_)
            | Self::NoFeature { .. }
            | Self::SameArms
            | Self::NoSources
            | Self::File { .. }
            | Self::NoValgrind(_)
            | Self::Callgrind(_)
            | Self::ArmGone { .. }
            | Self::Journal(_) => false,
        }
    }
}
