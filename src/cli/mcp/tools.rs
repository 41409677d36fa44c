//! The tools: one file each, of one shape.
//!
//! ```ignore
//! /// What the agent reads of it.
//! #[derive(Debug, Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct Args { … }                            (its schema is what clients see)
//!
//! pub(super) const TOOL: Tool = Tool::of::<Args>("show", Effect::Looks);
//!
//! impl Asked for Args { fn errand(self, seat: &Seat) -> Result<Errand, Refusal> { … } }
//! ```

mod apply;
pub(super) mod brief;
mod list;
mod profile;
mod report;
mod show;
mod submit;
mod verdict;

use rmcp::model::{CallToolResult, JsonObject, ToolAnnotations};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::desk::{Refusal, Seat, refusal};
use super::errand::Errand;

/// All tools, in the order in which an agent needs them.
pub(super) const TOOLS: [Tool; 8] =
    [brief::TOOL, list::TOOL, show::TOOL, verdict::TOOL, profile::TOOL, report::TOOL, apply::TOOL, submit::TOOL];

/// A tool: what it is called, what it does to the world, what it is asked with.
#[derive(Debug)]
pub(super) struct Tool {
    pub(super) name: &'static str,
    effect: Effect,
    schema: fn() -> Schema,
    plan: fn(JsonObject, &Seat) -> Result<Errand, Reason>,
}

/// What a tool does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// Nothing.
    Looks,
    /// The same, and it is about an assignment.
    LooksAtOwn,
    /// It takes the machine and adds measurements; nothing that was there changes.
    Measures,
    /// It adds what somebody says of themselves.
    Says,
    /// It hands in; the same commit a second time is refused.
    HandsIn,
}

/// The arguments of a tool, and what is to be done with them.
trait Asked: DeserializeOwned + JsonSchema {
    /// What is to be done, for whoever sits here.
    fn errand(self, seat: &Seat) -> Result<Errand, Refusal>;
}

/// Why nothing is done.
enum Reason {
    /// The arguments are not what the tool takes.
    Arguments(serde_json::Error),
    Refused(Refusal),
}

impl Tool {
    const fn of<A: Asked>(name: &'static str, effect: Effect) -> Self {
        Self { name, effect, schema: schema::<A>, plan: plan::<A> }
    }

    pub(super) fn named(name: &str) -> Option<&'static Self> {
        TOOLS.iter().find(|tool| tool.name == name)
    }

    /// Whether it is of use only to whoever works on something.
    pub(super) fn needs_assignment(&self) -> bool {
        match self.effect {
            Effect::Looks => false,
            Effect::LooksAtOwn | Effect::Measures | Effect::Says | Effect::HandsIn => true,
        }
    }

    /// As a client sees it.
    pub(super) fn described(&self) -> rmcp::model::Tool {
        let mut schema = (self.schema)();
        let about = schema.remove("description").and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default();
        for name in ["title", "$schema"] {
            schema.remove(name);
        }
        let schema = schema.as_object().cloned().unwrap_or_default();
        rmcp::model::Tool::new(self.name, about, schema).with_annotations(self.effect.annotations())
    }

    /// What is to be done, or why not.
    pub(super) fn errand(&self, arguments: JsonObject, seat: &Seat) -> Result<Errand, Refusal> {
        (self.plan)(arguments, seat).map_err(|reason| match reason {
            Reason::Refused(refusal) => refusal,
            Reason::Arguments(error) => {
                let what = format!("`{}` was not asked well: {error}", self.name);
                refusal("mcp::arguments", what, &self.usage())
            }
        })
    }

    /// What may be told of an answer.
    pub(super) fn tidy(&self, answer: CallToolResult) -> CallToolResult {
        match self.effect {
            Effect::HandsIn => submit::tidy(answer),
            Effect::Looks | Effect::LooksAtOwn | Effect::Measures | Effect::Says => answer,
        }
    }

    /// `show takes id (such as T003), …`
    fn usage(&self) -> String {
        let schema = (self.schema)();
        let properties = schema.get("properties").and_then(Value::as_object);
        let told = |(name, property): (&String, &Value)| {
            let about = property.get("description").and_then(Value::as_str).unwrap_or_default();
            format!("`{name}` ({about})")
        };
        let told: Vec<String> = properties.into_iter().flatten().map(told).collect();
        if told.is_empty() { "it takes nothing".to_owned() } else { format!("it takes {}", told.join(", ")) }
    }
}

impl Effect {
    fn annotations(self) -> ToolAnnotations {
        let (read_only, idempotent) = match self {
            Self::Looks | Self::LooksAtOwn => (true, true),
            Self::Measures | Self::Says => (false, false),
            Self::HandsIn => (false, true),
        };
        // Nothing that was recorded is ever changed, and nothing leaves the machine.
        ToolAnnotations::new().read_only(read_only).destructive(false).idempotent(idempotent).open_world(false)
    }
}

/// Without references, which not every client follows.
fn schema<A: Asked>() -> Schema {
    SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<A>()
}

fn plan<A: Asked>(arguments: JsonObject, seat: &Seat) -> Result<Errand, Reason> {
    let args: A = serde_json::from_value(Value::Object(arguments)).map_err(Reason::Arguments)?;
    args.errand(seat).map_err(Reason::Refused)
}

/// The name of a value on the command line.
fn word(value: impl clap::ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_see_what_each_tool_is_for() {
        let described: Vec<Value> = TOOLS.iter().map(|tool| serde_json::to_value(tool.described()).unwrap()).collect();
        insta::assert_snapshot!(serde_json::to_string_pretty(&described).unwrap());
    }

    #[test]
    fn nothing_that_a_client_writes_is_taken_for_an_option() {
        for (name, arguments) in [
            ("show", serde_json::json!({ "id": "--help" })),
            ("verdict", serde_json::json!({ "id": "--all" })),
            ("list", serde_json::json!({ "category": "--help" })),
        ] {
            let Value::Object(arguments) = arguments else { unreachable!() };
            let errand = Tool::named(name).unwrap().errand(arguments, &Seat::Visitor);
            let Ok(Errand::Run(order)) = errand else { panic!("{name}") };
            let words = order.words();
            let free = words.iter().position(|word| word == "--").unwrap_or(words.len());
            assert!(words[..free].iter().all(|word| word == name || word.contains('=')), "{words:?}");
        }
    }
}
