//! Lists: their form, pages, orders and searches.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{with_shape, with_tasks};
use crate::harness::{Engine, Server, ServerConfig, TestClient};
use crate::on_both_engines;

async fn titles(me: &TestClient, query: &str) -> Vec<String> {
    let response = me.get(&format!("/api/tasks{query}")).await;
    assert_eq!(response.status, 200, "{query}: {response:?}");
    let list = response.json();
    list.as_array().unwrap().iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect()
}

on_both_engines! {
    async fn lists_have_the_numbers_of_completed_and_open_tasks(engine: Engine) {
        let shape = r#"{list={tasks="tasks",total="total",completed="completed_count",pending="pending_count"}}"#;
        let config = ServerConfig::with_database(engine).await.with("ROCKET_API", shape);
        let server = config.with("ROCKET_TASKS", r#"{attributes={tag="a"}}"#).start().await;
        let me = server.client_for("me");
        server.client_for("you").post("/api/tasks", &json!({ "title": "t", "completed": true })).await;
        for (tag, completed) in [("a", true), ("a", false), ("b", true), ("b", false), ("b", false)] {
            me.post("/api/tasks", &json!({ "title": tag, "tag": tag, "completed": completed })).await;
        }
        for (query, total, completed) in [
            ("", 5, 2), ("?limit=1", 5, 2), ("?limit=2&offset=4", 5, 2), ("?offset=9", 5, 2), ("?tag=b", 3, 1), ("?tag=b&limit=1", 3, 1), ("?search=a", 2, 1),
            ("?status=completed", 2, 2), ("?status=pending", 3, 0), ("?status=pending&tag=b", 2, 0), ("?tag=c", 0, 0),
        ] {
            let list = me.get(&format!("/api/tasks{query}")).await.json();
            let counts = (&list["total"], &list["completed_count"], &list["pending_count"]);
            assert_eq!(counts, (&json!(total), &json!(completed), &json!(total - completed)), "{query}");
        }
        // A list without the total may have the others.
        let server = with_shape(engine, r#"{list={tasks="items",pending="open"}}"#).await;
        let me = server.client_for("me");
        for completed in [true, false, false] {
            me.post("/api/tasks", &json!({ "title": "t", "completed": completed })).await;
        }
        assert_eq!(me.get("/api/tasks?limit=1").await.json()["open"], 2);
    }

    async fn long_list_has_the_numbers_as_well(engine: Engine) {
        let server = with_shape(engine, r#"{list={tasks="tasks",completed="done",pending="open"}}"#).await;
        let me = server.client_for("me");
        for number in 0..140 {
            me.post("/api/tasks", &json!({ "title": "t", "completed": number % 10 == 0 })).await;
        }
        let list = me.get("/api/tasks").await.json();
        assert_eq!((list["tasks"].as_array().unwrap().len(), &list["done"], &list["open"]), (140, &json!(14), &json!(126)));
    }

    async fn list_is_an_object_with_the_configured_keys(engine: Engine) {
        let shape = r#"{list={tasks="items",total="total",limit="per_page",offset="skip",page="page",pages="pages",has_more="has_more"},page_size=2,max_page_size=3}"#;
        let server = with_shape(engine, shape).await;
        let me = server.client_for("me");
        for n in 0..5 {
            me.create(&n.to_string()).await;
        }
        for (query, items, rest) in [
            ("", ["4", "3"].as_slice(), (5, 2, 0, 1, 3)),
            ("?limit=3&offset=3", ["1", "0"].as_slice(), (5, 3, 3, 2, 2)),
            ("?limit=3&skip=3", ["1", "0"].as_slice(), (5, 3, 3, 2, 2)),
            ("?page=2&page_size=3", ["1", "0"].as_slice(), (5, 3, 3, 2, 2)),
            ("?page=3", ["0"].as_slice(), (5, 2, 4, 3, 3)),
            ("?offset=4", ["0"].as_slice(), (5, 2, 4, 3, 3)),
            ("?offset=9", [].as_slice(), (5, 2, 9, 5, 3)),
            ("?status=completed", [].as_slice(), (0, 2, 0, 1, 0)),
            ("?search=3", ["3"].as_slice(), (1, 2, 0, 1, 1)),
            ("?sort=title&limit=1&offset=1", ["1"].as_slice(), (5, 1, 1, 2, 5)),
        ] {
            let list = me.get(&format!("/api/tasks{query}")).await.json();
            let found: Vec<&str> = list["items"].as_array().unwrap().iter().map(|it| it["title"].as_str().unwrap()).collect();
            assert_eq!(found, items, "{query}");
            let numbers = ["total", "per_page", "skip", "page", "pages"].map(|key| list[key].as_i64().unwrap());
            assert_eq!(numbers, <[i64; 5]>::from(rest), "{query}");
            assert_eq!(list["has_more"], json!(rest.2 + rest.1 < rest.0), "{query}");
        }
        assert_eq!(me.get("/api/tasks?limit=4").await.status, 400);
    }

    /// A list without a limit has as many tasks as it says, however long it is.
    async fn total_of_a_whole_list_is_its_length(engine: Engine) {
        let server = with_shape(engine, r#"{list={tasks="tasks",total="total"},wrapper="success_data"}"#).await;
        let me = server.client_for("me");
        let count = 777;
        let values: Vec<String> = (0..count).map(|n| format!("('me', 'task {n:04}')")).collect();
        server.execute_sql(&format!("INSERT INTO tasks (user_id, title) VALUES {}", values.join(", "))).await;
        for query in ["", "?sort=title", "?search=task", "?limit=1000"] {
            let list = me.get(&format!("/api/tasks{query}")).await.json();
            let ids: BTreeSet<i64> = list["data"]["tasks"].as_array().unwrap().iter().map(|it| it["id"].as_i64().unwrap()).collect();
            assert_eq!((ids.len(), &list["data"]["total"]), (count, &json!(count)), "{query}");
        }
        let page = me.get("/api/tasks?limit=700&offset=100").await.json();
        assert_eq!((page["data"]["tasks"].as_array().unwrap().len(), &page["data"]["total"]), (677, &json!(count)));
        let page = me.get("/api/tasks?limit=300&offset=10&sort=title").await.json();
        assert_eq!((page["data"]["tasks"][299]["title"].as_str(), &page["data"]["total"]), (Some("task 0309"), &json!(count)));
    }

    async fn bare_list_has_limit_and_offset(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        for n in 0..4 {
            me.create(&n.to_string()).await;
        }
        for (query, expected) in [
            ("?limit=2", ["3", "2"].as_slice()),
            ("?limit=2&offset=1", &["2", "1"]),
            ("?offset=3", &["0"]),
            ("?limit=9223372036854775807", &["3", "2", "1", "0"]),
            ("?offset=9223372036854775807", &[]),
            ("?limit=2&offset=1&order=asc", &["1", "2"]),
        ] {
            assert_eq!(titles(&me, query).await, expected, "{query}");
        }
        for query in ["?limit=0", "?limit=-1", "?limit=x", "?limit=9223372036854775808"] {
            me.get(&format!("/api/tasks{query}")).await.assert_error(400, "BAD_REQUEST", "Invalid limit: must be an integer, 1 or more");
        }
        for query in ["?offset=-1", "?offset=x", "?skip=-1"] {
            me.get(&format!("/api/tasks{query}")).await.assert_error(400, "BAD_REQUEST", "Invalid offset: must be an integer, 0 or more");
        }
    }

    async fn list_is_in_the_order_that_was_asked_for(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let mut ids = Vec::new();
        for title in ["banana", "Apple", "cherry", "apple"] {
            ids.push(me.create(title).await["id"].clone());
        }
        me.patch(&format!("/api/tasks/{}", ids[1]), &json!({ "completed": true })).await;
        for (query, expected) in [
            ("?sort=title", ["Apple", "apple", "banana", "cherry"]),
            ("?sort_by=title&sort_order=desc", ["cherry", "banana", "apple", "Apple"]),
            ("?sort=TITLE&order=ASC", ["Apple", "apple", "banana", "cherry"]),
            ("?sort=updated_at", ["Apple", "apple", "cherry", "banana"]),
            ("?sort=updated_at&order=asc", ["banana", "cherry", "apple", "Apple"]),
            ("?sort=created_at", ["apple", "cherry", "Apple", "banana"]),
            ("?sort_by=created_at&order=asc", ["banana", "Apple", "cherry", "apple"]),
            ("?sort=updated", ["Apple", "apple", "cherry", "banana"]),
            ("?sort=created", ["apple", "cherry", "Apple", "banana"]),
            ("?sort=completed", ["banana", "cherry", "apple", "Apple"]),
            ("?sort=status&order=desc", ["Apple", "apple", "cherry", "banana"]),
        ] {
            assert_eq!(titles(&me, query).await, expected, "{query}");
            let enveloped = me.get(&format!("/api/v1/tasks{query}")).await.json();
            let enveloped: Vec<&str> = enveloped["data"]["tasks"].as_array().unwrap().iter().map(|it| it["title"].as_str().unwrap()).collect();
            assert_eq!(enveloped, expected, "{query}");
        }
        me.get("/api/tasks?sort=description").await.assert_error(400, "BAD_REQUEST", "Invalid sort field: must be 'created_at', 'updated_at', 'title' or 'completed'");
        me.get("/api/tasks?sort_order=up").await.assert_error(400, "BAD_REQUEST", "Invalid sort order: must be 'asc' or 'desc'");
    }

    async fn words_for_orders_can_be_added(engine: Engine) {
        let server = with_shape(engine, r#"{sorts={created_newest="created_at desc",alphabetical_az="title asc",alphabetical_za="title desc"}}"#).await;
        let me = server.client_for("me");
        for title in ["b", "a", "c"] {
            me.create(title).await;
        }
        for (query, expected) in [
            ("?sort_by=created_newest", ["c", "a", "b"]),
            ("?sort_by=alphabetical_az", ["a", "b", "c"]),
            ("?sort=alphabetical_za", ["c", "b", "a"]),
            ("?sort=alphabetical_za&order=asc", ["a", "b", "c"]),
        ] {
            assert_eq!(titles(&me, query).await, expected, "{query}");
        }
        assert_eq!(me.get("/api/tasks?sort=created_oldest").await.status, 400);
    }

    /// Parameters of other frontends are ignored, `user_id` as well: a filter by them would empty the list.
    async fn completed_is_a_filter_and_unknown_parameters_are_ignored(engine: Engine) {
        let server = with_tasks(engine, "{attributes=true}").await;
        let me = server.client_for("me");
        me.create("open").await;
        me.post("/api/tasks", &json!({ "title": "done", "completed": true })).await;
        for (query, expected) in [
            ("?completed=true", ["done"].as_slice()),
            ("?completed=False", &["open"]),
            ("?is_completed=true", &["done"]),
            ("?completed=", &["done", "open"]),
            ("?user_id=you&url_user_id=1&timestamp=2&_=3&page=2", &["done", "open"]),
        ] {
            assert_eq!(titles(&me, query).await, expected, "{query}");
        }
        me.get("/api/tasks?completed=1").await.assert_error(400, "BAD_REQUEST", "Invalid completed filter: must be 'true' or 'false'");
    }

    async fn search_looks_into_titles_and_descriptions(engine: Engine) {
        let server = Server::start(engine).await;
        let (me, you) = (server.client_for("me"), server.client_for("you"));
        me.post("/api/tasks", &json!({ "title": "Buy MILK" })).await;
        me.post("/api/tasks", &json!({ "title": "call", "description": "about the milk\n100% _" })).await;
        me.post("/api/tasks", &json!({ "title": "done milk", "completed": true })).await;
        you.create("my milk").await;
        for (query, expected) in [
            ("?search=milk", ["done milk", "call", "Buy MILK"].as_slice()),
            ("?search=Milk&status=pending", &["call", "Buy MILK"]),
            ("?search=milk&sort=title&limit=1&offset=1", &["call"]),
            ("?search=100%25%20_", &["call"]),
            ("?search=%25", &["call"]),
            ("?search=_", &["call"]),
            ("?q=100", &["call"]),
            ("?search=nothing", &[]),
            ("?search=", &["done milk", "call", "Buy MILK"]),
            ("?search=%27%20OR%20true%20--", &[]),
        ] {
            assert_eq!(titles(&me, query).await, expected, "{query}");
        }
        for (path, query) in [("/api/tasks/search", "q"), ("/api/me/tasks/search/", "search")] {
            let found = me.get(&format!("{path}?{query}=MILK")).await.json();
            assert_eq!(found, me.get("/api/tasks?search=milk").await.json(), "{path}");
            assert!(!found.as_array().unwrap().is_empty(), "{path}");
        }
        for root in ["/api/v1/tasks", "/api/v1/me/tasks"] {
            let found = me.get(&format!("{root}/search?q=MILK")).await.json();
            assert_eq!(found, me.get(&format!("{root}?search=milk")).await.json(), "{root}");
            assert_eq!(found["data"]["total"], 3, "{root}");
        }
        for root in ["/api/tasks", "/api/me/tasks", "/api/v1/tasks", "/api/v1/me/tasks"] {
            assert_eq!(me.get(&format!("{root}/search?q=milk&sort=x")).await.status, 400, "{root}");
            assert_eq!(you.get(&format!("{root}/search?q=milk")).await.status, if root.contains("me/") { 403 } else { 200 }, "{root}");
        }
        for search in ["%00".to_owned(), "x".repeat(1001)] {
            assert_eq!(me.get(&format!("/api/tasks?search={search}")).await.status, 400);
        }
    }

    async fn list_is_filtered_and_sorted_by_attributes(engine: Engine) {
        let tasks = r#"{attributes={priority={default="medium",values=["low","medium","high"]},tags=[],estimate={type="number"},due_date={},urgent={default=false}}}"#;
        let server = with_tasks(engine, tasks).await;
        let me = server.client_for("me");
        for (title, attributes) in [
            ("a", json!({ "priority": "high", "tags": ["work", "home"], "estimate": 10, "due_date": "2027-01-02", "urgent": true })),
            ("b", json!({ "priority": "low", "tags": ["work"], "estimate": 9.5, "due_date": "2027-01-01" })),
            ("c", json!({ "priority": "medium", "due_date": null })),
            ("d", json!({})),
        ] {
            let mut body = attributes;
            body["title"] = json!(title);
            assert_eq!(me.post("/api/tasks", &body).await.status, 201, "{body}");
        }
        for (query, expected) in [
            ("?priority=high", ["a"].as_slice()),
            ("?priority=medium&order=asc", &["c", "d"]),
            ("?tags=work&order=asc", &["a", "b"]),
            ("?tags=home", &["a"]),
            ("?tags=home&tags=other", &["a"]),
            ("?tags=work&tags=home&order=asc", &["a", "b"]),
            ("?tags=home&tags=&order=asc", &["a"]),
            ("?priority=high&priority=low&order=asc", &["a", "b"]),
            ("?estimate=10&estimate=9.5&order=asc", &["a", "b"]),
            ("?urgent=true&urgent=false&order=asc", &["a", "b", "c", "d"]),
            ("?priority=high&priority=low&tags=home", &["a"]),
            ("?estimate=10", &["a"]),
            ("?urgent=true", &["a"]),
            ("?urgent=false&order=asc", &["b", "c", "d"]),
            ("?due_date=2027-01-01", &["b"]),
            ("?priority=high&tags=other", &[]),
            ("?priority=high&search=b", &[]),
            ("?priority=", &["d", "c", "b", "a"]),
            ("?priority=%22high%22", &[]),
            ("?sort=priority", &["b", "c", "d", "a"]),
            ("?sort=priority&order=desc", &["a", "d", "c", "b"]),
            ("?sort=estimate", &["b", "a", "c", "d"]),
            ("?sort=due_date&order=desc", &["a", "b", "d", "c"]),
            ("?sort=due_date&limit=2&offset=1", &["a", "c"]),
        ] {
            assert_eq!(titles(&me, query).await, expected, "{query}");
        }
        let page = me.get("/api/v1/tasks?priority=medium&limit=1").await.json();
        assert_eq!((&page["data"]["total"], &page["data"]["tasks"][0]["title"]), (&json!(2), &json!("d")));
        assert_eq!(me.get("/api/tasks?priority=%00").await.status, 400);
        assert_eq!(me.get("/api/tasks?priority=high&priority=%00").await.status, 400);
        let many = |count: usize| format!("?tags=home{}", "&tags=other".repeat(count - 1));
        assert_eq!(titles(&me, &many(20)).await, ["a"]);
        me.get(&format!("/api/tasks{}", many(21))).await.assert_error(400, "BAD_REQUEST", "Invalid tags: must be at most 20 values");
    }

    /// The order changes while a client reads. The list was fixed before.
    async fn sorted_list_has_each_task_once_while_tasks_change(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let values: Vec<String> = (0..600).map(|n| format!("('me', 'task {n:04}', '{}')", "d".repeat(900))).collect();
        server.execute_sql(&format!("INSERT INTO tasks (user_id, title, description) VALUES {}", values.join(", "))).await;
        let first = me.get("/api/tasks?limit=1&order=asc").await.json()[0]["id"].as_i64().unwrap();
        let (writer, path) = (me.clone(), format!("/api/tasks/{first}"));
        let changing = tokio::spawn(async move {
            for n in 0..40 {
                writer.patch(&path, &json!({ "title": if n % 2 == 0 { "a" } else { "z" } })).await;
            }
        });
        for _ in 0..5 {
            let list = me.get("/api/tasks?sort=title").await.json();
            let ids: BTreeSet<i64> = list.as_array().unwrap().iter().map(|it| it["id"].as_i64().unwrap()).collect();
            assert_eq!((ids.len(), list.as_array().unwrap().len()), (600, 600));
        }
        changing.await.unwrap();
    }
}

/// The ids of a list that is sorted otherwise stay in memory while it is sent.
#[tokio::test]
async fn longest_sorted_lists_need_a_limit() {
    let server = Server::start(Engine::Postgres).await;
    let me = server.client_for("me");
    server
        .execute_sql("INSERT INTO tasks (user_id, title) SELECT 'me', 't' FROM generate_series(1, 50001)")
        .await;
    me.get("/api/tasks?sort=title").await.assert_error(
        400,
        "BAD_REQUEST",
        "The list has more than 50000 tasks: add a limit",
    );
    let list: Value = me.get("/api/tasks?sort=title&limit=50000").await.json();
    assert_eq!(list.as_array().unwrap().len(), 50_000);
}
