//! `list_tasks`: filters, pages and cursors.

use serde_json::{Value, json};

use super::Agent;
use crate::harness::{Engine, Server, base64};
use crate::on_both_engines;

/// The ids on a page, and its cursor.
async fn page(agent: &Agent, arguments: Value) -> (Vec<i64>, Value) {
    let page = agent.call("list_tasks", arguments).await;
    let ids = page["tasks"].as_array().unwrap().iter().map(|it| it["id"].as_i64().unwrap()).collect();
    (ids, page["next_cursor"].clone())
}

/// The ids on all pages.
async fn pages(agent: &Agent, mut arguments: Value) -> (Vec<i64>, usize) {
    let (mut ids, mut count) = (Vec::new(), 0);
    loop {
        let (more, cursor) = page(agent, arguments.clone()).await;
        ids.extend(more);
        count += 1;
        if cursor.is_null() {
            return (ids, count);
        }
        arguments["cursor"] = cursor;
    }
}

on_both_engines! {
    async fn pages_have_every_task_once(engine: Engine) {
        let server = Server::start(engine).await;
        let agent = Agent::of(&server, "me");
        let mut all = Vec::new();
        for number in 0..57 {
            let id = agent.add("t").await;
            if number % 3 == 0 {
                agent.call("complete_task", json!({ "task_id": id })).await;
            }
            all.push(id);
        }
        let third = |is: bool| all.iter().copied().enumerate().filter(move |(n, _)| (n % 3 == 0) == is).map(|it| it.1);
        assert_eq!(pages(&agent, json!({ "order": "asc", "limit": 10 })).await, (all.clone(), 6));
        assert_eq!(pages(&agent, json!({ "order": "asc", "status": "completed", "limit": 7 })).await.0, third(true).collect::<Vec<_>>());
        assert_eq!(pages(&agent, json!({ "order": "asc", "status": "pending", "limit": 100 })).await, (third(false).collect(), 1));
        let newest_first: Vec<i64> = all.iter().rev().copied().collect();
        assert_eq!(pages(&agent, json!({ "status": "all", "order": "desc", "limit": 1 })).await.0, newest_first);
        let (ids, cursor) = page(&agent, json!({})).await;
        assert_eq!(ids, newest_first[..50], "50 by default, newest first");
        assert!(cursor.is_string());
        assert_eq!(page(&agent, json!({ "cursor": null })).await.0, ids, "null is no cursor");
    }

    async fn cursor_survives_the_deletion_of_its_task(engine: Engine) {
        let server = Server::start(engine).await;
        let agent = Agent::of(&server, "me");
        let ids = [agent.add("a").await, agent.add("b").await, agent.add("c").await];
        let (first, cursor) = page(&agent, json!({ "limit": 2 })).await;
        assert_eq!(first, [ids[2], ids[1]]);
        agent.call("delete_task", json!({ "task_id": ids[1] })).await;
        assert_eq!(page(&agent, json!({ "limit": 2, "cursor": cursor })).await, (vec![ids[0]], Value::Null));
    }

    async fn page_is_bounded_in_bytes(engine: Engine) {
        let server = Server::start(engine).await;
        let agent = Agent::of(&server, "me");
        for _ in 0..20 {
            agent.call("add_task", json!({ "title": "t", "description": "👍".repeat(1000) })).await;
        }
        let (ids, cursor) = page(&agent, json!({ "limit": 100 })).await;
        assert!(ids.len() == 9 && cursor.is_string(), "32 KiB of text: {}", ids.len());
        let (ids, count) = pages(&agent, json!({ "limit": 100 })).await;
        assert_eq!((ids.len(), count), (20, 3));
    }

    async fn made_up_cursors_are_refused_or_positions_in_the_own_list(engine: Engine) {
        let server = Server::start(engine).await;
        let (me, you) = (Agent::of(&server, "me"), Agent::of(&server, "you"));
        let (mine, theirs) = (me.add("mine").await, you.add("yours").await);
        for forged in [
            "", "x", "!!!", &base64(b"1"), &base64(b"1 "), &base64(b"1 infinity"), &base64(b"1 now"), &base64(b"x 2026-01-01T00:00:00Z"),
            &base64(b"1 0000-01-01T00:00:00Z"), &base64(b"1 99999-01-01T00:00:00Z"), &base64(b"1 2026-13-01T00:00:00Z"), &base64(b"\xff"),
            &base64(b"1 2026-01-01T00:00:00+23:00"), &base64(b"1 2026-01-01T00:00:00Z' OR 1=1"), &base64(b"9223372036854775808 2026-01-01T00:00:00Z"),
            &"A".repeat(50_000),
        ] {
            let sentence = me.fail("list_tasks", json!({ "cursor": forged })).await;
            assert_eq!(sentence, "cursor must be the next_cursor of an earlier list_tasks; omit it to start over.", "{forged}");
        }
        for cursor in [5.into(), json!({}), true.into()] {
            assert!(me.fail("list_tasks", json!({ "cursor": cursor })).await.starts_with("cursor must be"));
        }
        for valid in ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999+00:00", "2026-01-01 00:00:00", "2026-01-01 00:00:00.5"] {
            let cursor = base64(format!("{theirs} {valid}").as_bytes());
            for order in ["asc", "desc"] {
                let (ids, _) = page(&me, json!({ "cursor": cursor, "order": order })).await;
                assert!(ids.is_empty() || ids == [mine], "{valid}: {ids:?}");
            }
        }
    }
}
