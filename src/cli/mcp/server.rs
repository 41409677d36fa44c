//! The protocol: who is greeted how, which tools and resources there are, and what becomes of a call.

use std::sync::Arc;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, Implementation, ListResourceTemplatesResult,
    ListResourcesResult, ListToolsResult, PaginatedRequestParams, ProgressNotificationParam, ReadResourceRequestParams,
    ReadResourceResponse, ServerCapabilities, ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt};
use tokio::sync::{RwLock, mpsc};

use super::client::{Client, Gone};

use super::desk::{Desk, Refusal};
use super::errand::{Errand, Order};
use super::tools::{self, Tool};
use super::{answer, resources};
use crate::cli::{Complaint, Exit, Failure, OrExit};
use crate::yaml::nearest;

/// Lines of progress that wait for a client who does not read; more are dropped, since no measurement waits for being watched.
const PROGRESS_WAITING_MAX: usize = 64;

/// The server of one client.
#[derive(Debug)]
struct Server {
    desk: Desk,
    /// What a client is told first.
    greeting: String,
    /// Read by every call that runs.
    running: Arc<RwLock<()>>,
    /// Whether the client is still there.
    gone: Gone,
}

/// Serves whoever is on stdin and stdout until they have gone, and what they asked for has ended.
pub(super) async fn serve(desk: Desk) -> Result<(), Failure> {
    let greeting = desk.seat().await?.to_string();
    let running = Arc::new(RwLock::new(()));
    let (client, gone) = Client::new();
    let server = Server { desk, greeting, running: Arc::clone(&running), gone };
    let broken = |what: String| {
        miette::miette!(
            code = "mcp::protocol",
            help = "an MCP client starts this command and speaks first; by hand there is nothing to see",
            "{what}"
        )
    };
    let session = match server.serve((client, tokio::io::stdout())).await {
        Ok(session) => session,
        // Nobody has said anything: no harm done.
        Err(rmcp::service::ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(broken(error.to_string())).or_exit(Exit::Failed),
    };
    // Returns when the client has closed our stdin, after it was told what was ready, and cancels the rest.
    let ended = session.waiting().await;
    drop(running.write().await);
    ended.map(drop).map_err(|error| broken(error.to_string())).or_exit(Exit::Failed)
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let can = ServerCapabilities::builder().enable_tools().enable_resources().build();
        let us = Implementation::new("workbench", env!("CARGO_PKG_VERSION"));
        ServerConfig::new(can).with_server_info(us).with_instructions(self.greeting.clone())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let seat = self.desk.seat().await.map_err(internal)?;
        let open = seat.at_work().is_ok();
        let tools = tools::TOOLS.iter().filter(|tool| open || !tool.needs_assignment());
        Ok(ListToolsResult::with_all_items(tools.map(Tool::described).collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let _running = self.running.read().await;
        let tool = Tool::named(&request.name).ok_or_else(|| no_tool(&request.name))?;
        let arguments = request.arguments.unwrap_or_default();
        Ok(match self.plan(tool, arguments).await {
            Ok(Errand::Text(text)) => answer::text(text),
            Ok(Errand::Run(order)) => tool.tidy(self.run(&order, context).await?),
            Err(refusal) => answer::refused(&refusal),
        }
        .into())
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let seat = self.desk.seat().await.map_err(internal)?;
        Ok(ListResourcesResult::with_all_items(resources::all(&seat)))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(ListResourceTemplatesResult::with_all_items(resources::templates()))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let _running = self.running.read().await;
        let seat = self.desk.seat().await.map_err(internal)?;
        let result = match resources::named(&request.uri, &seat)? {
            Errand::Text(text) => answer::text(text),
            Errand::Run(order) => self.run(&order, context).await?,
        };
        resources::contents(request.uri, &result)
    }
}

impl Server {
    async fn plan(&self, tool: &Tool, arguments: rmcp::model::JsonObject) -> Result<Errand, Refusal> {
        let seat = self.desk.seat().await.map_err(|failure| Complaint::of(&failure))?;
        if tool.needs_assignment() {
            seat.at_work()?;
        }
        tool.errand(arguments, &seat)
    }

    /// Runs a command, and passes on what it says to a client that wants to hear it.
    async fn run(&self, order: &Order, context: RequestContext<RoleServer>) -> Result<CallToolResult, ErrorData> {
        let token = context.meta.get_progress_token();
        let (to, mut from) = mpsc::channel::<String>(PROGRESS_WAITING_MAX);
        let peer = context.peer.clone();
        let telling = tokio::spawn(async move {
            let mut told = 0.0;
            while let (Some(token), Some(line)) = (&token, from.recv().await) {
                told += 1.0;
                let progress = ProgressNotificationParam::new(token.clone(), told).with_message(line);
                let _ = peer.notify_progress(progress).await;
            }
        });
        let stop = async {
            tokio::select! {
                () = context.ct.cancelled() => {}
                () = self.gone.for_good() => {}
            }
        };
        let ran = order.run(&self.desk.context.project, |line| drop(to.try_send(line)), stop).await;
        drop(to);
        let _ = telling.await;
        let ran =
            ran.map_err(|error| ErrorData::internal_error(format!("the command cannot be run: {error}"), None))?;
        Ok(answer::ran(ran))
    }
}

fn no_tool(name: &str) -> ErrorData {
    let known: Vec<&str> = tools::TOOLS.iter().map(|tool| tool.name).collect();
    let near = nearest(name, known.iter().copied()).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    ErrorData::invalid_params(format!("there is no tool `{name}`; {near}there are {}", known.join(", ")), None)
}

fn internal(failure: Failure) -> ErrorData {
    let Complaint { message, help, .. } = Complaint::of(&failure);
    let help = help.map(|help| format!("; {help}")).unwrap_or_default();
    ErrorData::internal_error(format!("{message}{help}"), None)
}
