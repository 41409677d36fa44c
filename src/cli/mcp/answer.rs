//! What a client is told: what a command printed, or why it came to nothing and what to do about it.

use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::{Value, json};

use super::desk::Refusal;
use super::errand::Ran;
use crate::cli::{Complaint, Exit};

/// Text, as it is.
pub(super) fn text(text: String) -> CallToolResult {
    CallToolResult::success(vec![ContentBlock::text(text)])
}

/// What a command came to. That a gate was not passed is an answer, not an error.
pub(super) fn ran(ran: Ran) -> CallToolResult {
    let code = ran.status.code();
    match (ran.printed, ran.complaint) {
        (Some(Value::Object(mut printed)), None) => {
            printed.insert("exit_code".to_owned(), json!(code));
            CallToolResult::structured(Value::Object(printed))
        }
        (_, Some(complaint)) if code == Some(i32::from(Exit::Busy.code())) => busy(&complaint),
        (_, Some(complaint)) => failed(&complaint, code),
        (_, None) => {
            let how =
                code.map_or_else(|| "a signal ended it".to_owned(), |code| format!("it ended with exit code {code}"));
            let help = "what it had measured is kept; ask again".to_owned();
            failed(&Complaint { message: format!("it came to nothing: {how}"), code: None, help: Some(help) }, code)
        }
    }
}

/// A tool did not do what it was asked for.
pub(super) fn refused(refusal: &Refusal) -> CallToolResult {
    failed(refusal, None)
}

/// Somebody else measures. That is nobody's fault: there is something else to do, or time to wait.
fn busy(complaint: &Complaint) -> CallToolResult {
    let help = "ask again with `wait_s`, the seconds that you would wait for; or go on with something else meanwhile"
        .to_owned();
    let complaint = Complaint { help: Some(help), ..complaint.clone() };
    failed(&complaint, Some(i32::from(Exit::Busy.code())))
}

fn failed(complaint: &Complaint, exit_code: Option<i32>) -> CallToolResult {
    let Complaint { message, code, help } = complaint;
    let next = help.as_ref().map(|help| format!("\nNext: {help}")).unwrap_or_default();
    let mut result = CallToolResult::structured_error(json!({
        "error": { "message": message, "code": code, "help": help }, "exit_code": exit_code,
    }));
    result.content = vec![ContentBlock::text(format!("{message}{next}"))];
    result
}
