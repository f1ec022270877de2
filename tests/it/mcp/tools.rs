//! What the tools do, and the sentences with which they fail.

use serde_json::{Value, json};

use super::Agent;
use crate::harness::{Engine, Server};
use crate::on_both_engines;

/// The task of the bare dialect, as a tool shows it.
fn without_owner(mut task: Value) -> Value {
    task.as_object_mut().unwrap().remove("user_id");
    task
}

on_both_engines! {
    async fn tools_and_api_work_on_the_same_tasks(engine: Engine) {
        let server = Server::start(engine).await;
        let (agent, me) = (Agent::of(&server, "me"), server.client_for("me"));
        let stored = async |id: i64| without_owner(me.get(&format!("/api/tasks/{id}")).await.json());

        let added = agent.call("add_task", json!({ "title": "  Ship it ", "description": "d", "completed": false })).await;
        let id = added["id"].as_i64().unwrap();
        assert_eq!(added["title"], "Ship it", "trimmed as everywhere");
        assert_eq!(added, stored(id).await);

        let updated = agent.call("update_task", json!({ "task_id": id, "title": "Shipped", "description": null })).await;
        assert_eq!((&updated["title"], &updated["description"]), (&json!("Shipped"), &Value::Null));
        assert_eq!(updated, stored(id).await);

        for _ in 0..2 {
            let completed = agent.call("complete_task", json!({ "task_id": id })).await;
            assert_eq!(completed["completed"], true, "it sets, and does not flip");
            assert_eq!(completed, stored(id).await);
        }
        let reopened = agent.call("update_task", json!({ "task_id": id, "completed": false })).await;
        assert_eq!((&reopened["completed"], &reopened["title"]), (&json!(false), &json!("Shipped")));

        let made = me.create("by the API").await;
        assert_eq!(agent.list().await, json!([without_owner(made), stored(id).await]));

        assert_eq!(agent.call("delete_task", json!({ "task_id": id })).await, json!({ "id": id, "deleted": true }));
        assert_eq!(me.get(&format!("/api/tasks/{id}")).await.status, 404);
        assert_eq!(agent.fail("delete_task", json!({ "task_id": id })).await, format!("No task {id}. list_tasks shows the ids."));
    }

    async fn results_fit_their_schemas(engine: Engine) {
        let server = Server::start(engine).await;
        let agent = Agent::of(&server, "me");
        let tools = agent.request("tools/list", json!({})).await["tools"].clone();
        let id = agent.add("t").await;
        for (tool, arguments) in [
            ("add_task", json!({ "title": "👍".repeat(200), "description": "👍".repeat(1000) })),
            ("list_tasks", json!({ "limit": 1 })),
            ("list_tasks", json!({})),
            ("complete_task", json!({ "task_id": id })),
            ("update_task", json!({ "task_id": id, "title": "u" })),
            ("delete_task", json!({ "task_id": id })),
        ] {
            let definition = tools.as_array().unwrap().iter().find(|it| it["name"] == tool).unwrap();
            assert!(jsonschema::is_valid(&definition["inputSchema"], &arguments), "{tool}");
            let result = agent.call(tool, arguments).await;
            assert!(jsonschema::is_valid(&definition["outputSchema"], &result), "{tool}: {result}");
        }
    }

    async fn each_mistake_has_its_sentence_and_changes_nothing(engine: Engine) {
        let server = Server::start(engine).await;
        let agent = Agent::of(&server, "me");
        let id = agent.add("as it was").await;
        let before = agent.list().await;
        let long = "x".repeat(201);
        let id_required = "task_id is required and must be a 64-bit integer.";
        for (tool, arguments, sentence) in [
            ("add_task", json!({}), "Title is required and cannot be empty."),
            ("add_task", json!({ "title": " " }), "Title is required and cannot be empty."),
            ("add_task", json!({ "title": long }), "Title must be at most 200 characters."),
            ("add_task", json!({ "title": "a\0" }), "Title cannot contain the character U+0000."),
            ("add_task", json!({ "title": 5, "description": 5 }), "Title must be a string; Description must be a string or null."),
            ("update_task", json!({ "title": "t" }), id_required),
            ("update_task", json!({ "task_id": id, "title": "" }), "Title cannot be empty."),
            ("update_task", json!({ "task_id": id, "completed": "yes" }), "Completed must be true or false."),
            ("update_task", json!({ "task_id": id }), "update_task needs title, description or completed."),
            ("complete_task", json!({}), id_required),
            ("complete_task", json!({ "task_id": id.to_string() }), id_required),
            ("complete_task", json!({ "task_id": 1.5 }), id_required),
            ("delete_task", json!({ "task_id": null }), id_required),
            ("delete_task", json!({ "task_id": [id] }), id_required),
            ("list_tasks", json!({ "status": "done" }), "status must be all, pending or completed."),
            ("list_tasks", json!({ "order": "newest" }), "order must be desc or asc."),
            ("list_tasks", json!({ "limit": 0 }), "limit must be an integer from 1 to 100."),
            ("list_tasks", json!({ "limit": 101 }), "limit must be an integer from 1 to 100."),
        ] {
            assert_eq!(agent.fail(tool, arguments.clone()).await, sentence, "{tool} {arguments}");
        }
        let without_arguments = agent.request("tools/call", json!({ "name": "add_task" })).await;
        assert_eq!(without_arguments["isError"], true);
        assert_eq!(agent.list().await, before);
    }

    async fn task_ids_at_the_edges_of_64_bits_are_missing_tasks(engine: Engine) {
        let server = Server::start(engine).await;
        let agent = Agent::of(&server, "me");
        for tool in ["complete_task", "delete_task"] {
            for id in [0, -1, i64::MAX, i64::MIN] {
                assert_eq!(agent.fail(tool, json!({ "task_id": id })).await, format!("No task {id}. list_tasks shows the ids."));
            }
            for id in [json!(9_223_372_036_854_775_808_u64), json!(u64::MAX), json!(1e300), json!(-1e300)] {
                assert!(agent.fail(tool, json!({ "task_id": id })).await.starts_with("task_id is required"), "{id}");
            }
        }
    }
}
