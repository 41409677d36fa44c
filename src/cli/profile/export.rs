//! `--export`: one profile or the difference in another tool's format.

use std::path::Path;

use crate::cli::{Context, Exit, Failure, OrExit};
use crate::profiles::export::{folded, pprof, speedscope};
use crate::profiles::{Difference, Owner, Profile};

/// The formats.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Shape {
    /// profile.proto in gzip: pprof, go tool pprof
    Pprof,
    /// <https://www.speedscope.app>
    Speedscope,
    /// Folded stacks: flamegraph.pl, inferno
    Folded,
}

/// What is exported.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Of {
    /// Without the improvement
    A,
    /// With it
    B,
    /// Both, compared per operation
    Difference,
}

/// Writes the file, or prints it.
pub(super) fn write(
    context: &Context,
    owner: Owner<'_>,
    difference: &Difference,
    shape: Shape,
    of: Of,
    to: &Path,
) -> Result<Exit, Failure> {
    let arm = |profile: &Profile| {
        let title = title(owner, profile.kind.label(), profile.arm.label());
        match shape {
            Shape::Pprof => pprof::profile(profile),
            Shape::Speedscope => speedscope::profile(profile, &title).into_bytes(),
            Shape::Folded => folded::profile(profile).into_bytes(),
        }
    };
    let bytes = match of {
        Of::A => arm(&difference.a),
        Of::B => arm(&difference.b),
        Of::Difference => match shape {
            Shape::Pprof => pprof::difference(difference),
            Shape::Speedscope => {
                let title = title(owner, difference.kind().label(), "B against A");
                speedscope::difference(difference, &title).into_bytes()
            }
            Shape::Folded => folded::difference(difference).into_bytes(),
        },
    };
    if to == Path::new("-") {
        context.print_bytes(&bytes)?;
        return Ok(Exit::Done);
    }
    let cannot = |error| {
        miette::miette!(
            code = "profile::cannot_write",
            help = "name a file in a folder that exists and belongs to you: --to FILE",
            "cannot write {}: {error}",
            to.display()
        )
    };
    std::fs::write(to, &bytes).map_err(cannot).or_exit(Exit::Failed)?;
    context.print(&format!("{}: {} bytes\n", to.display(), bytes.len()))?;
    Ok(Exit::Done)
}

fn title(owner: Owner<'_>, kind: &str, of: &str) -> String {
    format!("{} {of}: {kind} per operation, experiment {}", owner.subject, owner.experiment)
}
