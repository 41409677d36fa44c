//! `workbench screen [ID…]`: many improvements at once, by a few builds: which of them matter?

pub(super) mod ask;
mod plan;
mod progress;
mod result;

use clap::builder::NonEmptyStringValueParser;

pub(super) use self::ask::{Chosen, Options};
use super::{Context, Exit, Failure};
use crate::lab::screen::facts::Purpose;
use crate::lab::screen::journal::Opening;

/// Measure many improvements at once with few builds, and find which of them matter
///
/// Each build has half of the improvements on; every effect rests on all builds. A build that fails is a finding: the
/// features that do not build together are found out, and the design is laid out around them. Every build and every pair
/// is recorded as it lands: a screen that is stopped, even by `kill -9`, goes on with --resume.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench screen --all --dry-run         the builds, how long they take, what can be seen
  workbench screen --all                   every improvement that has variants
  workbench screen T003 B001 B002 I001     these
  workbench screen --all --resume          go on with what was interrupted
  workbench screen --all --fold-over       add the mirror image: effects free of interactions of two

A screen proposes; pairs decide: what stands out is to be confirmed by `workbench apply`.
Unattended, until it has ended:
  until workbench screen --all --resume --wait; do [ $? -eq 75 ] || break; sleep 60; done")]
pub struct Args {
    /// The improvements, such as T003
    #[arg(value_name = "ID", required_unless_present_any = ["all", "pack"])]
    ids: Vec<String>,

    /// Every improvement that has variants
    #[arg(long, conflicts_with_all = ["ids", "pack"])]
    all: bool,

    /// Those of a pack that have variants
    #[arg(long, value_name = "PACK", conflicts_with = "ids", value_parser = NonEmptyStringValueParser::new())]
    pack: Option<String>,

    /// Add the mirror image of each build to the latest screen that asks the same
    #[arg(long, conflicts_with = "resume")]
    fold_over: bool,

    #[command(flatten)]
    options: Options,
}

impl Args {
    /// Whether it does more than look.
    pub fn changes_something(&self) -> bool {
        self.options.changes_something()
    }
}

/// Runs a screen and prints its effects.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let chosen = match (args.pack, args.all) {
        (Some(pack), _) => Chosen::Pack(pack),
        (None, true) => Chosen::All,
        (None, false) => Chosen::Ids(args.ids),
    };
    let opening = if args.fold_over { Opening::Extend } else { args.options.opening() };
    ask::run(context, Purpose::Screening, chosen, opening, args.options).await
}
