//! The MCP server at `/mcp`: the protocol as an agent speaks it, over HTTP.

mod access;
mod hostile;
mod isolation;
mod lists;
mod operation;
mod protocol;
mod tools;

use serde_json::{Value, json};

use crate::harness::{Response, Server, TestClient};

/// Revisions of the protocol that begin with a handshake.
const LEGACY: [&str; 2] = ["2025-06-18", "2025-11-25"];

/// The revision in which each request stands alone.
const STATELESS: &str = "2026-07-28";

/// An agent that acts for a user.
#[derive(Clone)]
struct Agent(TestClient);

impl Agent {
    fn of(server: &Server, user: &str) -> Self {
        Self::with(&server.client_for(user))
    }

    fn with(client: &TestClient) -> Self {
        Self(client.with("Accept", "application/json, text/event-stream"))
    }

    /// Sends a request and returns the HTTP response.
    async fn send(&self, method: &str, params: Value) -> Response {
        self.0.post("/mcp", &json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params })).await
    }

    /// The result of a request.
    async fn request(&self, method: &str, params: Value) -> Value {
        let response = self.send(method, params).await;
        assert_eq!((response.status, response.header("content-type")), (200, Some("application/json")));
        let message = response.json();
        assert_eq!((&message["jsonrpc"], &message["id"]), (&json!("2.0"), &json!(7)), "{message}");
        assert!(message["result"].is_object(), "{message}");
        message["result"].clone()
    }

    /// The structured result of a tool, which its text repeats.
    async fn call(&self, tool: &str, arguments: Value) -> Value {
        let result = self.request("tools/call", json!({ "name": tool, "arguments": arguments })).await;
        assert_eq!(result["isError"], false, "{tool} {arguments}: {result}");
        let text = result["content"][0]["text"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), result["structuredContent"]);
        result["structuredContent"].clone()
    }

    /// The sentence with which a tool fails.
    async fn fail(&self, tool: &str, arguments: Value) -> String {
        let result = self.request("tools/call", json!({ "name": tool, "arguments": arguments })).await;
        assert_eq!(result["isError"], true, "{tool} {arguments}: {result}");
        assert!(result.get("structuredContent").is_none(), "{result}");
        assert_eq!(result["content"].as_array().unwrap().len(), 1);
        result["content"][0]["text"].as_str().unwrap().to_owned()
    }

    async fn add(&self, title: &str) -> i64 {
        self.call("add_task", json!({ "title": title })).await["id"].as_i64().unwrap()
    }

    /// All tasks, newest first.
    async fn list(&self) -> Value {
        self.call("list_tasks", json!({ "limit": 100 })).await["tasks"].clone()
    }
}

/// The metadata of a request in the stateless revision.
fn stateless_meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": STATELESS,
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}
