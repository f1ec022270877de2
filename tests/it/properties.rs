//! Property tests of the parsers, with generated input.

use std::fmt::Debug;

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestCaseError, TestCaseResult, TestRunner};
use proptest::{collection, option, prop_assert, prop_assert_eq, string};
use serde_json::{Map, Value, json};
use tokio::runtime::Handle;

use crate::harness::{Engine, Response, Server, TestClient, base64, token_for};
use crate::on_both_engines;

const CASES: u32 = 192;

/// Checks a property and reports the smallest counterexample.
fn holds<S>(strategy: S, property: impl AsyncFn(S::Value) -> TestCaseResult)
where
    S: Strategy,
    S::Value: Debug,
{
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let property = &property;
    let tried = tokio::task::block_in_place(|| {
        TestRunner::new(config).run(&strategy, |value| Handle::current().block_on(property(value)))
    });
    tried.unwrap_or_else(|error| panic!("{error}"));
}

/// Texts with lengths around the limits and characters with a special meaning in some layer.
fn text(longest: usize) -> impl Strategy<Value = String> {
    let character = prop_oneof![
        any::<char>(),
        string::string_regex("[ \t\r\n\u{a0}\u{85}\u{2003}\u{200b}\u{feff}]").unwrap().prop_map(first),
        string::string_regex("[\0\u{1}\u{7f}\"'\\\\/%$<>&{}\u{301}\u{10ffff}\u{fffd}]")
            .unwrap()
            .prop_map(first),
        Just('a'),
    ];
    (collection::vec(character, 0..8), 0..=longest, any::<bool>()).prop_map(|(mut text, length, fill)| {
        if fill {
            let middle = text.len() / 2;
            text.splice(middle..middle, std::iter::repeat_n('👍', length));
        }
        text.into_iter().collect()
    })
}

fn first(text: String) -> char {
    text.chars().next().unwrap_or('b')
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text(4).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            collection::btree_map(name(), inner, 0..4).prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::sample::select(vec![
            "title",
            "description",
            "completed",
            "status",
            "id",
            "user_id",
            "email",
            "password",
            "name",
            "image",
            "token",
            "newPassword",
            "currentPassword",
            "redirectTo",
            "callbackURL",
            "rememberMe",
        ])
        .prop_map(str::to_owned),
        text(2),
    ]
}

fn object() -> impl Strategy<Value = Map<String, Value>> {
    collection::btree_map(name(), value(), 0..5).prop_map(|it| it.into_iter().collect())
}

/// Asserts a 4xx with a JSON object as body.
fn assert_client_error(response: &Response) -> TestCaseResult {
    prop_assert!((400..500).contains(&response.status), "{response:?}");
    let body: Value = serde_json::from_str(&response.body)
        .map_err(|error| TestCaseError::fail(format!("{error}: {response:?}")))?;
    prop_assert!(body.is_object(), "{response:?}");
    Ok(())
}

async fn tasks(me: &TestClient) -> Value {
    me.get("/api/tasks").await.json()
}

on_both_engines! {
    async fn title_is_accepted_if_valid_and_returned_trimmed(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        holds((text(201), option::of(text(1001))), async |(title, description)| {
            let trimmed = title.trim();
            let is_title = (1..=200).contains(&trimmed.chars().count()) && !trimmed.contains('\0');
            let is_description =
                description.as_ref().is_none_or(|it| it.chars().count() <= 1000 && !it.contains('\0'));
            let response = me.post("/api/tasks", &json!({ "title": title, "description": description })).await;
            prop_assert_eq!(response.status, if is_title && is_description { 201 } else { 422 }, "{:?}", response);
            if response.status == 201 {
                let task = response.json();
                prop_assert_eq!(&task["title"], &json!(trimmed));
                prop_assert_eq!(&task["description"], &json!(description));
                let path = format!("/api/tasks/{}", task["id"]);
                prop_assert_eq!(me.get(&path).await.json(), task);
                prop_assert_eq!(me.delete(&path).await.status, 204);
            }
            Ok(())
        });
    }

    async fn arbitrary_task_bodies_never_fail_and_rejected_ones_change_nothing(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let id = me.create("t").await["id"].clone();
        let bytes = prop_oneof![
            collection::vec(any::<u8>(), 0..64),
            object().prop_map(|it| Value::Object(it).to_string().into_bytes()),
            value().prop_map(|it| it.to_string().into_bytes()),
            // Truncated at any position.
            (object(), any::<proptest::sample::Index>()).prop_map(|(it, cut)| {
                let bytes = Value::Object(it).to_string().into_bytes();
                bytes[..cut.index(bytes.len())].to_vec()
            }),
        ];
        let route = proptest::sample::select(vec![
            ("POST", "/api/tasks"), ("POST", "/api/v1/tasks"), ("PUT", "/api/tasks/ID"), ("PATCH", "/api/v1/tasks/ID"),
            ("PATCH", "/api/tasks/ID/complete"), ("PATCH", "/api/v1/tasks/ID/complete"),
        ]);
        holds((route, bytes), async |((method, path), body)| {
            let before = tasks(&me).await;
            let response = me.send(method, &path.replace("ID", &id.to_string()), Some(body)).await;
            if !(200..300).contains(&response.status) {
                assert_client_error(&response)?;
                prop_assert_eq!(tasks(&me).await, before);
            }
            Ok(())
        });
    }

    async fn arbitrary_auth_bodies_never_fail(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.anonymous();
        let route = proptest::sample::select(vec![
            "sign-up/email", "sign-in/email", "request-password-reset", "reset-password", "sign-out", "update-user",
            "change-password", "delete-user", "revoke-session", "login", "register",
        ]);
        // Hashing a password for each case would be too slow.
        let cheap = object().prop_filter("hashes no password", |it| !it.contains_key("password"));
        holds((route, cheap), async |(route, body)| {
            let response = me.post(&format!("/api/auth/{route}"), &Value::Object(body)).await;
            prop_assert!(response.status < 500, "{:?}", response);
            Ok(())
        });
    }

    async fn arbitrary_list_queries_never_fail(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let part = prop_oneof![
            proptest::sample::select(vec![
                "status", "sort", "order", "limit", "offset", "page", "pending", "all", "asc", "desc", "=", "&", "+", "%00", "%ff", "%",
                "-1", "9223372036854775808", "created_at", "title",
            ])
            .prop_map(str::to_owned),
            string::string_regex("[!-\"$-~]{0,6}").unwrap(),
        ];
        holds(collection::vec(part, 0..8), async |parts| {
            for path in ["/api/tasks", "/api/v1/tasks", "/api/me/tasks"] {
                let response = me.get(&format!("{path}?{}", parts.concat())).await;
                if response.status != 200 {
                    assert_client_error(&response)?;
                }
            }
            Ok(())
        });
    }

    async fn arbitrary_paths_never_fail_or_reach_another_users_tasks(engine: Engine) {
        let server = Server::start(engine).await;
        let secret = server.client_for("you").create("of another user").await["id"].to_string();
        let me = server.client_for("me");
        let segment = prop_oneof![
            proptest::sample::select(vec![
                "api", "v1", "auth", "tasks", "complete", "me", "you", "..", ".", "%2e%2e", "%2F", "%00", "%ff", "", "docs", "ID", "ID%00",
            ])
            .prop_map(str::to_owned),
            string::string_regex("(%[0-9a-f]{2}|[a-z0-9._~-]){0,6}").unwrap(),
        ];
        holds((collection::vec(segment, 0..6), proptest::sample::select(vec!["GET", "PATCH", "DELETE", "PUT"])), async |(segments, method)| {
            let path = format!("/{}", segments.join("/")).replace("ID", &secret);
            let body = (method != "GET").then(|| b"{\"title\":\"x\"}".to_vec());
            let response = me.send(method, &path, body).await;
            prop_assert!(response.status < 500, "{:?}", response);
            prop_assert!(!response.body.contains("of another user"), "{:?}", response);
            Ok(())
        });
        assert_eq!(tasks(&server.client_for("you")).await[0]["title"], "of another user");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unsigned_tokens_are_never_accepted() {
    let server = Server::start(Engine::Sqlite).await;
    let good = token_for("me");
    let parts: Vec<String> = good.split('.').map(str::to_owned).collect();
    let header = prop_oneof![
        // Parts of signed tokens, recombined or changed.
        (any::<proptest::sample::Index>(), string::string_regex("[A-Za-z0-9_=.-]").unwrap()).prop_map({
            let good = good.clone();
            move |(at, by)| {
                let at = at.index(good.len());
                format!("{}{by}{}", &good[..at], &good[at + 1..])
            }
        }),
        (object(), object()).prop_map({
            let parts = parts.clone();
            move |(head, claims)| {
                let [head, claims] =
                    [head, claims].map(|it| base64(Value::Object(it).to_string().as_bytes()));
                format!("{head}.{claims}.{}", parts[2])
            }
        }),
        object().prop_map({
            let parts = parts.clone();
            move |claims| {
                format!("{}.{}.{}", parts[0], base64(Value::Object(claims).to_string().as_bytes()), parts[2])
            }
        }),
        proptest::sample::select(vec!["none", "HS256", "HS384", "RS256", "EdDSA", ""]).prop_map({
            let parts = parts.clone();
            move |alg| format!("{}.{}.", base64(json!({ "alg": alg }).to_string().as_bytes()), parts[1])
        }),
        string::string_regex("[!-~]{0,40}").unwrap(),
    ];
    // The last character of the signature has unused bits. A token that differs only there is rejected or equal.
    let is_same = |token: &str| token.split('.').take(2).eq(good.split('.').take(2));
    holds(header, async |token| {
        let response = server.bearer(&token).get("/api/tasks").await;
        prop_assert!(
            response.status == 401 || (token == good || is_same(&token)) && response.status == 200,
            "{}: {:?}",
            token,
            response
        );
        Ok(())
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn unsigned_cookies_are_never_sessions() {
    let server = Server::start(Engine::Sqlite).await;
    let cookie = prop_oneof![
        string::string_regex("[ -~]{0,60}").unwrap(),
        (
            proptest::sample::select(vec![
                "better-auth.session_token",
                "__Secure-better-auth.session_token",
                "better-auth.session_data"
            ]),
            string::string_regex("[!-~]{0,80}").unwrap()
        )
            .prop_map(|(name, value)| format!("{name}={value}; {name}={value}")),
    ];
    holds(cookie, async |cookie| {
        let response = server.anonymous().with("Cookie", &cookie).get("/api/auth/get-session").await;
        prop_assert_eq!((response.status, response.body.as_str()), (200, "null"));
        Ok(())
    });
}
