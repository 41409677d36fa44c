//! `workbench interact ID…`: every combination of a few improvements: how do they go together?

use super::screen::{Chosen, Options, ask};
use super::{Context, Exit, Failure};
use crate::lab::screen::facts::Purpose;
use crate::lab::screen::plan::INTERACTION_FACTORS_MAX;

/// Measure every combination of a few improvements, and find how they go together
///
/// Two to five improvements take four to thirty-two builds. Two go well together when both bring more than the sum of what
/// each brings (synergy), and badly when they bring less (conflict).
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench interact T003 B002 --dry-run    the builds, how long they take, what can be seen
  workbench interact T003 B002 I001         eight builds, and the matrix of synergy and conflict
  workbench interact T003 B002 --stack      on top of the other accepted improvements")]
pub struct Args {
    /// Two to five improvements, such as T003 B002
    #[arg(value_name = "ID", required = true, num_args = 2..=INTERACTION_FACTORS_MAX)]
    ids: Vec<String>,

    #[command(flatten)]
    options: Options,
}

impl Args {
    /// Whether it does more than look.
    pub fn changes_something(&self) -> bool {
        self.options.changes_something()
    }
}

/// Runs it and prints the contrasts and the matrix.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let opening = args.options.opening();
    ask::run(context, Purpose::Interaction, Chosen::Ids(args.ids), opening, args.options).await
}
