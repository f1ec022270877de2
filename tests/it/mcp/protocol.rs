//! The handshake, the stateless revision, and the definitions of the tools.

use serde_json::{Value, json};

use super::{Agent, LEGACY, STATELESS, stateless_meta};
use crate::harness::{Engine, Server};

#[tokio::test(flavor = "multi_thread")]
async fn handshake_agrees_on_a_revision_and_opens_no_session() {
    let server = Server::start(Engine::Sqlite).await;
    let agent = Agent::of(&server, "me");
    for (requested, agreed) in
        [(LEGACY[0], LEGACY[0]), (LEGACY[1], LEGACY[1]), ("2024-11-05", LEGACY[1]), ("2099-01-01", LEGACY[1])]
    {
        let params = json!({ "protocolVersion": requested, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
        let response = agent.send("initialize", params).await;
        let result = response.json()["result"].clone();
        assert_eq!(result["protocolVersion"], agreed, "{response:?}");
        assert_eq!(result["serverInfo"], json!({ "name": "todo-api", "version": env!("CARGO_PKG_VERSION") }));
        assert_eq!(result["capabilities"], json!({ "tools": {} }));
        assert!(result["instructions"].as_str().unwrap().contains("signed-in user"));
        assert_eq!(response.header("mcp-session-id"), None);
    }
    let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let response = agent.0.post("/mcp", &initialized).await;
    assert_eq!((response.status, response.body.as_str()), (202, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn any_replica_answers_any_request() {
    let server = Server::start(Engine::Postgres).await;
    let replica = server.config.clone().start().await;
    let agent = Agent::of(&server, "me");
    let params = json!({ "protocolVersion": LEGACY[1], "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
    agent.request("initialize", params).await;
    let id = agent.add("made by one").await;
    let other = Agent(agent.0.at(&replica.url).with("MCP-Protocol-Version", LEGACY[1]));
    assert_eq!(other.call("complete_task", json!({ "task_id": id })).await["completed"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn stateless_revision_needs_its_metadata_and_headers() {
    let server = Server::start(Engine::Sqlite).await;
    let client = Agent::of(&server, "me").0.with("MCP-Protocol-Version", STATELESS);
    let discover = Agent(client.with("Mcp-Method", "server/discover"));
    let result = discover.request("server/discover", json!({ "_meta": stateless_meta() })).await;
    assert_eq!(result["supportedVersions"], json!([LEGACY[0], LEGACY[1], STATELESS]));

    let call = json!({ "name": "add_task", "arguments": { "title": "t" }, "_meta": stateless_meta() });
    let agent = Agent(client.with("Mcp-Method", "tools/call").with("Mcp-Name", "add_task"));
    let result = agent.request("tools/call", call.clone()).await;
    assert_eq!(
        (&result["resultType"], &result["structuredContent"]["title"]),
        (&json!("complete"), &json!("t"))
    );

    let without_meta =
        agent.send("tools/call", json!({ "name": "add_task", "arguments": { "title": "t" } })).await;
    assert_eq!((without_meta.status, &without_meta.json()["error"]["code"]), (400, &json!(-32602)));
    for (method, name) in [("tools/list", "add_task"), ("tools/call", "delete_task")] {
        let other = Agent(client.with("Mcp-Method", method).with("Mcp-Name", name));
        let response = other.send("tools/call", call.clone()).await;
        assert_eq!(
            (response.status, &response.json()["error"]["code"]),
            (400, &json!(-32020)),
            "{response:?}"
        );
    }
    let unknown = Agent(client.with("Mcp-Method", "tools/nothing"));
    let response = unknown.send("tools/nothing", json!({ "_meta": stateless_meta() })).await;
    assert_eq!((response.status, &response.json()["error"]["code"]), (404, &json!(-32601)));
    assert_eq!(
        Agent::of(&server, "me").list().await.as_array().unwrap().len(),
        1,
        "the refused calls did nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn unsupported_revision_is_refused_by_name() {
    let server = Server::start(Engine::Sqlite).await;
    let agent = Agent(Agent::of(&server, "me").0.with("MCP-Protocol-Version", "2020-01-01"));
    let response = agent.send("tools/list", json!({})).await;
    assert_eq!((response.status, &response.json()["error"]["code"]), (400, &json!(-32600)));
    assert!(response.body.contains("2020-01-01"), "{response:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn five_tools_state_their_arguments_results_and_effects() {
    let server = Server::start(Engine::Sqlite).await;
    let tools = Agent::of(&server, "me").request("tools/list", json!({})).await["tools"].clone();
    let tools = tools.as_array().unwrap();
    let names: Vec<&str> = tools.iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["add_task", "list_tasks", "complete_task", "update_task", "delete_task"]);
    for tool in tools {
        let text = tool.to_string();
        assert!(!text.contains("$ref") && !text.contains("user_id") && !text.contains("allOf"), "{text}");
        assert_eq!(tool["inputSchema"]["additionalProperties"], false);
        assert!(tool["title"].is_string() && tool["description"].as_str().unwrap().len() > 10);
        for schema in [&tool["inputSchema"], &tool["outputSchema"]] {
            assert_eq!(schema["type"], "object");
            jsonschema::validator_for(schema).unwrap();
        }
        let hints = &tool["annotations"];
        assert_eq!(hints["openWorldHint"], false);
        let effects = [&hints["readOnlyHint"], &hints["destructiveHint"], &hints["idempotentHint"]];
        let expected: [Value; 3] = match tool["name"].as_str().unwrap() {
            "add_task" => [json!(false), json!(false), json!(false)],
            "list_tasks" => [json!(true), Value::Null, Value::Null],
            "complete_task" => [json!(false), json!(false), json!(true)],
            _ => [json!(false), json!(true), json!(true)],
        };
        assert_eq!(effects, expected.each_ref(), "{}", tool["name"]);
    }
    let property = |tool: usize, name: &str| tools[tool]["inputSchema"]["properties"][name].clone();
    assert_eq!(tools[0]["inputSchema"]["required"], json!(["title"]));
    assert_eq!(
        (&property(0, "title")["minLength"], &property(0, "title")["maxLength"]),
        (&json!(1), &json!(200))
    );
    assert_eq!(property(0, "description")["oneOf"][0]["maxLength"], 1000);
    assert_eq!(property(1, "status")["enum"], json!(["all", "pending", "completed"]));
    assert_eq!(property(1, "order")["enum"], json!(["desc", "asc"]));
    assert_eq!(
        (&property(1, "limit")["maximum"], &property(1, "limit")["default"]),
        (&json!(100), &json!(50))
    );
    assert_eq!(tools[3]["inputSchema"]["required"], json!(["task_id"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_that_are_not_offered_are_errors_of_the_protocol() {
    let server = Server::start(Engine::Sqlite).await;
    let agent = Agent::of(&server, "me");
    for method in [
        "resources/read",
        "prompts/get",
        "resources/subscribe",
        "subscriptions/listen",
        "tasks/list",
        "nothing",
    ] {
        let params = json!({ "uri": "x:y", "name": "x", "notifications": {} });
        let error = agent.send(method, params).await.json()["error"].clone();
        assert_eq!(error["code"], -32601, "{method}: {error}");
    }
    let unknown_tool = agent.send("tools/call", json!({ "name": "drop_tables" })).await;
    let error = json!({ "code": -32602, "message": "Unknown tool" });
    assert_eq!((unknown_tool.status, &unknown_tool.json()["error"]), (200, &error));
    assert_eq!(agent.request("ping", json!({})).await, json!({}));
}
