//! API tokens signed with a generated and published key.

use std::time::Duration;

use serde_json::{Value, json};

use super::TestUser;
use crate::harness::{Engine, Server, ServerConfig};
use crate::on_both_engines;

fn header(jwt: &str) -> Value {
    use base64::Engine;
    let part = jwt.split('.').next().unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

async fn public_keys(server: &Server) -> Vec<Value> {
    server.anonymous().get("/api/auth/jwks").await.json()["keys"].as_array().unwrap().clone()
}

on_both_engines! {
    async fn tokens_use_hs256_by_default(engine: Engine) {
        let server = Server::start(engine).await;
        let jwt = TestUser::sign_up(&server, "ann").await.jwt(&server).await;
        assert_eq!(header(&jwt), json!({ "alg": "HS256" }));
        assert_eq!(server.anonymous().get("/api/auth/jwks").await.json(), json!({ "keys": [] }));
    }

    async fn eddsa_key_is_generated_encrypted_published_and_trusted(engine: Engine) {
        let setup = ServerConfig::with_database(engine).await.with("ROCKET_ISSUER", "{alg=\"EdDSA\"}");
        let server = setup.start().await;
        let ann = TestUser::sign_up(&server, "ann").await;
        let jwt = ann.jwt(&server).await;
        let keys = public_keys(&server).await;
        assert_eq!(keys.len(), 1);
        assert_eq!(header(&jwt), json!({ "alg": "EdDSA", "kid": keys[0]["kid"] }));
        let mut names: Vec<&str> = keys[0].as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["alg", "crv", "kid", "kty", "x"], "no private key is published");
        assert_eq!(server.bearer(&jwt).create("Deploy").await["user_id"], json!(ann.id));
        assert_eq!(server.query_i64(r#"SELECT count(*) FROM jwks WHERE "privateKey" LIKE '%"d"%'"#).await, 0);

        // A second server reads the same key from the database.
        let other = server.config.clone().start().await;
        assert_eq!(other.bearer(&jwt).get("/api/tasks").await.status, 200);
        let again = ann.jwt(&other).await;
        assert_eq!(header(&again)["kid"], keys[0]["kid"]);
        assert_eq!(server.bearer(&again).get("/api/tasks").await.status, 200);
        // Another API verifies the tokens with the published keys.
        let api = ServerConfig::with_database(engine).await.without("BETTER_AUTH_SECRET").with("ROCKET_PROFILE", "release");
        let api = api.with("BETTER_AUTH_URL", &server.url).with("ROCKET_SHUTDOWN", "{drain=0}").start().await;
        assert_eq!(api.bearer(&jwt).get("/api/tasks").await.status, 200);
    }

    async fn rotated_keys_verify_during_the_grace_period(engine: Engine) {
        let setup = ServerConfig::with_database(engine).await.with("ROCKET_ISSUER", "{alg=\"EdDSA\",key_rotation_interval=2,key_grace_period=3600}");
        let server = setup.start().await;
        let ann = TestUser::sign_up(&server, "ann").await;
        let old = ann.jwt(&server).await;
        tokio::time::sleep(Duration::from_millis(2500)).await;
        let fresh = ann.jwt(&server).await;
        assert_ne!(header(&fresh)["kid"], header(&old)["kid"]);
        for jwt in [&old, &fresh] {
            assert_eq!(server.bearer(jwt).get("/api/tasks").await.status, 200);
        }
        let kids: Vec<Value> = public_keys(&server).await.iter().map(|it| it["kid"].clone()).collect();
        assert!(kids.contains(&header(&old)["kid"]) && kids.contains(&header(&fresh)["kid"]));
        server.execute_sql(r#"UPDATE jwks SET "expiresAt" = '2026-01-01T00:00:00.000+00:00'"#).await;
        let kids: Vec<Value> = public_keys(&server).await.iter().map(|it| it["kid"].clone()).collect();
        assert!(!kids.contains(&header(&old)["kid"]) && !kids.contains(&header(&fresh)["kid"]) && kids.len() == 1);
    }

    async fn key_of_an_earlier_secret_verifies_but_does_not_sign(engine: Engine) {
        let setup = ServerConfig::with_database(engine).await.with("ROCKET_ISSUER", "{alg=\"EdDSA\"}");
        let server = setup.start().await;
        let ann = TestUser::sign_up(&server, "ann").await;
        let old = ann.jwt(&server).await;
        let server = server.restart_with("BETTER_AUTH_SECRET", "another secret, also of more than 32 bytes").await;
        let bob = TestUser::sign_up(&server, "bob").await;
        let fresh = bob.jwt(&server).await;
        assert_ne!(header(&fresh)["kid"], header(&old)["kid"]);
        assert_eq!(server.bearer(&fresh).get("/api/tasks").await.status, 200);
        assert_eq!(server.bearer(&old).get("/api/tasks").await.status, 200, "tokens of the earlier key are still valid");
    }
}
