//! What can be read without calling anything: the brief, the register, its entries.

use rmcp::ErrorData;
use rmcp::model::{
    CallToolResult, ContentBlock, ReadResourceResponse, ReadResourceResult, Resource, ResourceContents,
    ResourceTemplate,
};

use super::desk::{Refusal, Seat};
use super::errand::{Errand, Order};
use super::tools::brief;

const BRIEF: &str = "workbench://brief";
const REGISTER: &str = "workbench://register";
const IMPROVEMENT: &str = "workbench://improvement/";

/// What there is for whoever sits here.
pub(super) fn all(seat: &Seat) -> Vec<Resource> {
    let brief = matches!(seat, Seat::Holder(_)).then(|| {
        Resource::new(BRIEF, "brief")
            .with_description("All that you are told of your assignment")
            .with_mime_type("text/markdown")
    });
    let register = Resource::new(REGISTER, "register")
        .with_description("Every improvement, claim and measurement in different fields")
        .with_mime_type("application/json");
    brief.into_iter().chain([register]).collect()
}

/// The entries of the register.
pub(super) fn templates() -> Vec<ResourceTemplate> {
    let entry = ResourceTemplate::new(format!("{IMPROVEMENT}{{id}}"), "improvement");
    vec![entry.with_description("One improvement, such as T003").with_mime_type("application/json")]
}

/// What is done to read `uri`.
pub(super) fn named(uri: &str, seat: &Seat) -> Result<Errand, ErrorData> {
    match (uri, uri.strip_prefix(IMPROVEMENT)) {
        (BRIEF, _) => brief::read(seat).map_err(|refusal| not_found(uri, &refusal)),
        (REGISTER, _) => Ok(Order::new(["list"]).plain()),
        (_, Some(id)) => Ok(Order::new(["show"]).about(id.to_owned())),
        (_, None) => {
            let what = format!("{uri}: there are {BRIEF}, {REGISTER} and {IMPROVEMENT}ID");
            Err(ErrorData::resource_not_found(what, None))
        }
    }
}

/// What was read.
pub(super) fn contents(uri: String, read: &CallToolResult) -> Result<ReadResourceResponse, ErrorData> {
    let text: String = read.content.iter().filter_map(ContentBlock::as_text).map(|text| text.text.as_str()).collect();
    if read.is_error == Some(true) {
        return Err(ErrorData::resource_not_found(format!("{uri}: {text}"), None));
    }
    let kind = if uri == BRIEF { "text/markdown" } else { "application/json" };
    Ok(ReadResourceResult::new(vec![ResourceContents::text(text, uri).with_mime_type(kind)]).into())
}

fn not_found(uri: &str, refusal: &Refusal) -> ErrorData {
    let help = refusal.help.as_deref().unwrap_or_default();
    ErrorData::resource_not_found(format!("{uri}: {}; {help}", refusal.message), None)
}
