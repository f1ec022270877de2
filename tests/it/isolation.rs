//! Tenant isolation: users cannot see or change tasks of other users.

use std::collections::BTreeMap;

use serde_json::json;

use crate::harness::{Engine, Response, Server};
use crate::on_both_engines;

fn without_id_and_date(response: Response) -> (u16, BTreeMap<String, String>, String) {
    let mut headers = response.headers;
    headers.remove("x-request-id");
    headers.remove("date");
    (response.status, headers, response.body)
}

on_both_engines! {
    async fn other_users_and_missing_tasks_are_identical_404s(engine: Engine) {
        let server = Server::start(engine).await;
        let (me, you) = (server.client_for("me"), server.client_for("you"));
        let yours = you.create("yours").await;
        let theirs = yours["id"].as_i64().unwrap();
        let unused_id = theirs + 1000;
        for root in ["/api/tasks", "/api/me/tasks"] {
            for (method, suffix, body) in [
                ("GET", "", None),
                ("HEAD", "", None),
                ("PUT", "", Some(json!({ "title": "mine now" }))),
                ("PUT", "", Some(json!({}))),
                ("PATCH", "", Some(json!({ "completed": true }))),
                ("PATCH", "/complete", None),
                ("PATCH", "/complete", Some(json!({ "completed": true }))),
                ("DELETE", "", None),
            ] {
                let path = |id: i64| format!("{root}/{id}{suffix}");
                let stranger = without_id_and_date(me.call(method, &path(theirs), body.as_ref()).await);
                let nothing = without_id_and_date(me.call(method, &path(unused_id), body.as_ref()).await);
                assert_eq!(stranger, nothing, "{method} {suffix}");
                assert_eq!(stranger.0, 404);
            }
        }
        assert_eq!(you.get(&format!("/api/tasks/{theirs}")).await.json(), yours, "and it is as it was");
        assert_eq!(me.get("/api/tasks").await.json(), json!([]));
    }

    async fn user_path_is_403_for_other_users(engine: Engine) {
        let server = Server::start(engine).await;
        let (me, you) = (server.client_for("me"), server.client_for("you"));
        let id = you.create("yours").await["id"].as_i64().unwrap();
        for user in ["you", "ME", "me%20", "m", "mee", "%00me"] {
            for (method, path) in [
                ("GET", format!("/api/{user}/tasks")),
                ("POST", format!("/api/{user}/tasks")),
                ("GET", format!("/api/{user}/tasks/{id}")),
                ("PUT", format!("/api/{user}/tasks/{id}")),
                ("PATCH", format!("/api/{user}/tasks/{id}")),
                ("DELETE", format!("/api/{user}/tasks/{id}")),
                ("PATCH", format!("/api/{user}/tasks/{id}/complete")),
                // The check precedes validation of the rest of the request.
                ("GET", format!("/api/{user}/tasks/not-an-id")),
                ("GET", format!("/api/{user}/tasks?status=nonsense")),
            ] {
                let response = me.call(method, &path, Some(&json!({ "title": 5 }))).await;
                response.assert_error(403, "FORBIDDEN", "Not authorized to access this resource");
            }
        }
    }

    async fn user_id_in_body_or_query_is_ignored(engine: Engine) {
        let server = Server::start(engine).await;
        let (me, you) = (server.client_for("me"), server.client_for("you"));
        let body = json!({ "title": "t", "user_id": "you", "userId": "you", "id": 7, "owner": "you" });
        let task = me.post("/api/tasks?user_id=you", &body).await.json();
        assert_eq!(task["user_id"], "me");
        let path = format!("/api/tasks/{}?user_id=you", task["id"]);
        assert_eq!(me.put(&path, &json!({ "user_id": "you", "title": "u" })).await.json()["user_id"], "me");
        assert_eq!(you.get("/api/tasks?user_id=me").await.json(), json!([]));
    }

    async fn user_ids_are_compared_exactly(engine: Engine) {
        let server = Server::start(engine).await;
        // Equal under case folding, trimming, LIKE or Unicode normalization.
        let users = ["user", "User", "user ", " user", "u%", "u_er", "é", "e\u{301}", "\u{feff}user"];
        for user in users {
            server.client_for(user).create(user).await;
        }
        for user in users {
            let tasks = server.client_for(user).get("/api/tasks").await.json();
            assert_eq!(tasks.as_array().unwrap().len(), 1, "{user:?}");
            assert_eq!((&tasks[0]["title"], &tasks[0]["user_id"]), (&json!(user.trim()), &json!(user)));
        }
    }

    async fn fifty_concurrent_users_are_isolated(engine: Engine) {
        let server = Server::start(engine).await;
        let users = (0..50).map(|n| {
            let me = server.client_for(&format!("user-{n}"));
            tokio::spawn(async move {
                let mut kept = Vec::new();
                for round in 0..6 {
                    let title = format!("{n}/{round}");
                    let task = me.create(&title).await;
                    let path = format!("/api/tasks/{}", task["id"]);
                    let done = me.send("PATCH", &format!("{path}/complete"), None).await;
                    assert_eq!((done.status, &done.json()["completed"]), (200, &json!(true)));
                    if round % 2 == 0 {
                        assert_eq!(me.delete(&path).await.status, 204);
                    } else {
                        kept.push(done.json());
                    }
                }
                kept.reverse();
                assert_eq!(me.get("/api/tasks").await.json(), json!(kept));
            })
        });
        for user in users.collect::<Vec<_>>() {
            user.await.unwrap();
        }
    }
}
