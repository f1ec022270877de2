//! The protocol's side of the tools: what the library asks of a server.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, Implementation,
    ListToolsResult, PaginatedRequestParams, ProtocolVersion, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use serde_json::Value;

use super::tools::{Catalog, TaskTool, ToolError};
use crate::auth::AuthUser;
use crate::error::ApiError;
use crate::store::Store;
use crate::task::{JsonObject, TaskId};

/// Revisions of the protocol. The first two begin with a handshake, in the last each request stands alone.
const VERSIONS: [ProtocolVersion; 3] =
    [ProtocolVersion::V_2025_06_18, ProtocolVersion::V_2025_11_25, ProtocolVersion::V_2026_07_28];

const INSTRUCTIONS: &str = "The task list of the signed-in user. The tools reach no tasks of other users.";

/// The tools for the caller of one request.
#[derive(Clone)]
pub(super) struct CallerTools {
    pub(super) user: AuthUser,
    pub(super) store: Store,
    pub(super) catalog: Arc<Catalog>,
    pub(super) record: Arc<CallRecord>,
}

/// What a request called, and how the call failed. For the log line of the request, because the library runs a tool in a separate task.
#[derive(Debug, Default)]
pub(super) struct CallRecord {
    pub(super) tool: OnceLock<&'static str>,
    pub(super) error: OnceLock<ApiError>,
}

impl CallerTools {
    async fn call(&self, tool: TaskTool, arguments: JsonObject) -> Result<Value, ToolError> {
        if arguments.keys().any(|key| self.catalog.arguments(tool).all(|it| it != key)) {
            return Err(ToolError::UnknownArgument);
        }
        tool.call(self.store.for_user(&self.user), &self.catalog.decoder, arguments).await
    }

    /// A failure that a model can correct is a result with one plain sentence. Any other failure is an error of the protocol.
    fn failure(&self, tool: TaskTool, error: ToolError) -> Result<CallToolResult, ErrorData> {
        let sentence = match error {
            ToolError::UnknownArgument => {
                let names: Vec<&str> = self.catalog.arguments(tool).collect();
                format!(
                    "{} takes only {}, and works on the tasks of the signed-in user.",
                    tool.name(),
                    names.join(", ")
                )
            }
            ToolError::NoTask(TaskId(id)) => format!("No task {id}. list_tasks shows the ids."),
            ToolError::Api(error) => {
                let _ = self.record.error.set(error.clone());
                match error {
                    ApiError::Internal(_) => return Err(ErrorData::internal_error(error.message(), None)),
                    ApiError::Unavailable(_) => {
                        "The database is unavailable. Try again in a few seconds.".to_owned()
                    }
                    other => format!("{}.", other.message()),
                }
            }
        };
        Ok(CallToolResult::error(vec![ContentBlock::text(sentence)]))
    }
}

impl ServerHandler for CallerTools {
    fn get_info(&self) -> ServerConfig {
        let version = env!("CARGO_PKG_VERSION");
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new(env!("CARGO_PKG_NAME"), version))
            .with_instructions(INSTRUCTIONS)
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(&VERSIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.catalog.tools().to_vec()))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.catalog.find(name).cloned()
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(tool) = TaskTool::from_name(&request.name) else {
            return Err(ErrorData::invalid_params("Unknown tool", None));
        };
        let _ = self.record.tool.set(tool.name());
        let result = match self.call(tool, request.arguments.unwrap_or_default()).await {
            Ok(value) => CallToolResult::structured(value),
            Err(error) => self.failure(tool, error)?,
        };
        Ok(result.into())
    }
}
