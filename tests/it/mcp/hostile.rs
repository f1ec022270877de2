//! Ten thousand malformed messages: none is a fault of the server, and none changes a task.

use serde_json::{Value, json};

use super::{Agent, stateless_meta};
use crate::harness::{Engine, Server};
use crate::on_both_engines;

const MESSAGES: usize = 10_000;

/// Pseudo-random choices (xorshift), the same in each run.
struct Choices(u64);

impl Choices {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }
}

fn nested(depth: usize) -> Value {
    (0..depth)
        .fold(json!(1), |inner, level| if level % 2 == 0 { json!([inner]) } else { json!({ "a": inner }) })
}

/// Values of a field. `None` leaves it out.
struct Fields {
    versions: Vec<Option<Value>>,
    ids: Vec<Option<Value>>,
    methods: Vec<Option<Value>>,
    params: Vec<Option<Value>>,
}

impl Fields {
    fn new() -> Self {
        let odd = [
            Value::Null,
            json!(5),
            json!(1.5),
            json!(true),
            json!([]),
            json!({}),
            json!(""),
            json!("x".repeat(5000)),
        ];
        let with_odd = |more: Vec<Value>| -> Vec<Option<Value>> {
            odd.iter().cloned().chain(more).map(Some).chain([None]).collect()
        };
        let methods = [
            "tools/call",
            "tools/list",
            "initialize",
            "server/discover",
            "ping",
            "notifications/initialized",
            "notifications/cancelled",
            "notifications/progress",
            "resources/list",
            "resources/read",
            "resources/subscribe",
            "prompts/get",
            "prompts/list",
            "completion/complete",
            "logging/setLevel",
            "subscriptions/listen",
            "tasks/get",
            "tasks/cancel",
            "skills/list",
            "sampling/createMessage",
            "rpc.discover",
            "tools/call\0",
            "TOOLS/LIST",
            "../mcp",
            "\u{202e}",
        ];
        let mut params = vec![
            nested(3),
            nested(60),
            nested(120),
            json!({ "name": "nothing", "arguments": {} }),
            json!({ "name": "add_task", "arguments": [] }),
            json!({ "name": "add_task", "arguments": { "title": nested(50) } }),
            json!({ "name": "list_tasks", "arguments": { "limit": 1e300 } }),
            json!({ "name": "delete_task", "arguments": { "task_id": "1" } }),
            json!({ "name": "complete_task", "arguments": { "task_id": 1, "user_id": "you" } }),
            json!({ "name": ["add_task"] }),
            json!({ "protocolVersion": 5 }),
            json!({ "protocolVersion": "2025-11-25", "capabilities": [], "clientInfo": "x" }),
            json!({ "requestId": u64::MAX, "reason": "x" }),
            json!({ "uri": "file:///etc/passwd" }),
            json!({ "notifications": { "toolsListChanged": true }, "_meta": stateless_meta() }),
            json!({ "taskId": "x" }),
            json!({ "level": "loud" }),
            json!({ "cursor": "x" }),
        ];
        params.extend([json!({}), json!({ "name": "add_task" })].into_iter().map(|mut it| {
            it["_meta"] = stateless_meta();
            it
        }));
        Self {
            versions: [vec![Some(json!("2.0")); 12], with_odd(vec![json!("1.0"), json!("2.00"), json!(2.0)])]
                .concat(),
            ids: with_odd(vec![
                json!(1),
                json!(0),
                json!(-1),
                json!(i64::MAX),
                json!(i64::MIN),
                json!(u64::MAX),
                json!(1e300),
                json!("1"),
                json!("9".repeat(20_000)),
                nested(100),
            ]),
            methods: with_odd(methods.iter().map(|it| json!(it)).collect()),
            params: with_odd(params),
        }
    }

    fn message(&self, choices: &mut Choices) -> Value {
        let mut message = json!({});
        for (name, values) in [
            ("jsonrpc", &self.versions),
            ("id", &self.ids),
            ("method", &self.methods),
            ("params", &self.params),
        ] {
            if let Some(value) = choices.of(values) {
                message[name] = value;
            }
        }
        match choices.below(20) {
            0 => message["result"] = json!({}),
            1 => message["error"] = json!({ "code": -1, "message": "x" }),
            _ => {}
        }
        message
    }

    fn body(&self, choices: &mut Choices) -> Vec<u8> {
        let message = self.message(choices);
        match choices.below(12) {
            0 => (0..=choices.below(5))
                .map(|_| self.message(choices))
                .collect::<Value>()
                .to_string()
                .into_bytes(),
            1 => {
                let mut bytes = message.to_string().into_bytes();
                bytes.truncate(choices.below(bytes.len()));
                bytes
            }
            2 => {
                let mut bytes = message.to_string().into_bytes();
                let place = choices.below(bytes.len());
                bytes[place] = choices.of(&[0, 0xff, b'"', b'{', b'\\', b',']);
                bytes
            }
            3 => choices
                .of(&["[".repeat(30_000), "{\"a\":".repeat(10_000), "null".to_owned(), " ".to_owned()])
                .into_bytes(),
            _ => message.to_string().into_bytes(),
        }
    }
}

on_both_engines! {
    async fn malformed_messages_are_never_a_fault_of_the_server(engine: Engine) {
        let server = Server::start(engine).await;
        let agent = Agent::of(&server, "me");
        agent.add("kept").await;
        let before = agent.list().await;
        let tasks = 8;
        let senders = (1..=tasks).map(|seed| {
            let agent = agent.clone();
            tokio::spawn(async move {
                let (fields, mut choices) = (Fields::new(), Choices(seed * 0x9e37_79b9));
                for _ in 0..MESSAGES / usize::try_from(tasks).unwrap() {
                    let mut client = agent.0.clone();
                    let versions = [None, None, Some("2025-06-18"), Some("2025-11-25"), Some("2026-07-28"), Some("x"), Some("")];
                    if let Some(version) = choices.of(&versions) {
                        client = client.with("MCP-Protocol-Version", version);
                    }
                    if let Some(method) = choices.of(&[None, None, None, Some("tools/call"), Some("tools/list"), Some("x y")]) {
                        client = client.with("Mcp-Method", method).with("Mcp-Name", "add_task");
                    }
                    let body = fields.body(&mut choices);
                    let response = client.send("POST", "/mcp", Some(body.clone())).await;
                    let sent = || String::from_utf8_lossy(&body[..body.len().min(2000)]).into_owned();
                    assert!(response.status < 500, "{response:?} to {}", sent());
                    if response.status == 202 {
                        assert_eq!(response.body, "");
                    } else {
                        assert_eq!(response.json()["jsonrpc"], "2.0", "{response:?} to {}", sent());
                    }
                }
            })
        });
        for sender in senders.collect::<Vec<_>>() {
            sender.await.unwrap();
        }
        assert_eq!(agent.list().await, before);
        assert!(!server.logs().iter().any(|line| line.contains("panicked")));
    }
}
