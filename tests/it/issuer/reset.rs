//! Password reset.

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::{PASSWORD, TestUser, sign_in};
use crate::harness::{Engine, Response, Server, ServerConfig, free_port};
use crate::on_both_engines;

const NEW_PASSWORD: &str = "staple horse correct";
const RESET_MESSAGE: &str = "If this email exists in our system, check your email for the reset link";

async fn request_reset(server: &Server, email: &str, to: &str) -> Response {
    let body = json!({ "email": email, "redirectTo": to });
    server.anonymous().post("/api/auth/request-password-reset", &body).await
}

async fn reset(server: &Server, token: &str, password: &str) -> Response {
    let body = json!({ "newPassword": password, "token": token });
    server.anonymous().post("/api/auth/reset-password", &body).await
}

/// The reset link that the server logs without SMTP.
async fn link(server: &mut Server) -> String {
    let line = server.wait_for_log_line(|line| line["link"].is_string()).await;
    line["link"].as_str().unwrap().to_owned()
}

/// Waits for this many logged reset links and returns their tokens.
async fn tokens(server: &mut Server, count: usize) -> Vec<String> {
    let began = std::time::Instant::now();
    loop {
        let lines = server.logs();
        let lines = lines.iter().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let tokens: Vec<String> = lines.filter_map(|line| Some(token_of(line["link"].as_str()?))).collect();
        if tokens.len() == count {
            return tokens;
        }
        assert!(began.elapsed() < crate::harness::TEST_TIMEOUT, "{tokens:?}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

fn token_of(link: &str) -> String {
    link.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned()
}

async fn start_with_logged_links(engine: Engine) -> Server {
    ServerConfig::with_database(engine).await.with("RUST_LOG", "todo_api=debug,info").start().await
}

on_both_engines! {
    async fn reset_link_works_once(engine: Engine) {
        let mut server = start_with_logged_links(engine).await;
        let ann = TestUser::sign_up(&server, "ann").await;
        let response = request_reset(&server, "Ann@example.com", "/reset?from=mail").await;
        assert_eq!((response.status, response.json()), (200, json!({ "status": true, "message": RESET_MESSAGE })));
        let link = link(&mut server).await;
        let path = link.strip_prefix(&server.url).unwrap();
        assert!(path.starts_with("/api/auth/reset-password/") && path.ends_with("?callbackURL=%2Freset%3Ffrom%3Dmail"), "{link}");

        let page = server.anonymous().get(path).await;
        let location = page.header("location").unwrap();
        let token = location.strip_prefix(&format!("{}/reset?from=mail&token=", server.url)).unwrap();
        assert_eq!(page.status, 302);
        assert_eq!(server.anonymous().get(path).await.status, 302, "opening the link does not consume the token");

        reset(&server, token, "short").await.assert_auth_error(400, "PASSWORD_TOO_SHORT", "Password too short");
        reset(&server, "nonsense", NEW_PASSWORD).await.assert_auth_error(400, "INVALID_TOKEN", "Invalid token");
        let both = tokio::join!(reset(&server, token, NEW_PASSWORD), reset(&server, token, NEW_PASSWORD));
        let mut statuses = [both.0.status, both.1.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400], "of two concurrent resets one succeeds: {both:?}");
        reset(&server, token, NEW_PASSWORD).await.assert_auth_error(400, "INVALID_TOKEN", "Invalid token");
        assert_eq!(sign_in(&server, &ann.email, PASSWORD).await.status, 401);
        assert_eq!(sign_in(&server, &ann.email, NEW_PASSWORD).await.status, 200);
        let used = server.anonymous().get(path).await;
        assert_eq!(used.header("location"), Some(format!("{}/reset?from=mail&error=INVALID_TOKEN", server.url).as_str()));
    }

    async fn expired_reset_link_is_rejected(engine: Engine) {
        let mut server = start_with_logged_links(engine).await;
        TestUser::sign_up(&server, "ann").await;
        request_reset(&server, "ann@example.com", "/").await;
        let link = link(&mut server).await;
        let token = link.rsplit('/').next().unwrap().split('?').next().unwrap();
        let kept = server.query_i64("SELECT count(*) FROM verification WHERE identifier LIKE 'reset-password:%'").await;
        assert_eq!(kept, 1);
        server.execute_sql(r#"UPDATE verification SET "expiresAt" = '2026-01-01T00:00:00.000+00:00'"#).await;
        reset(&server, token, NEW_PASSWORD).await.assert_auth_error(400, "INVALID_TOKEN", "Invalid token");
    }

    async fn reset_does_not_reveal_known_emails(engine: Engine) {
        let server = start_with_logged_links(engine).await;
        let response = request_reset(&server, "nobody@example.com", "/reset").await;
        assert_eq!((response.status, response.json()), (200, json!({ "status": true, "message": RESET_MESSAGE })));
        assert_eq!(server.query_i64("SELECT count(*) FROM verification").await, 0);
        let bad = server.anonymous().post("/api/auth/request-password-reset", &json!({ "email": "x" })).await;
        bad.assert_auth_error(400, "VALIDATION_ERROR", "[body.email] Invalid email address");
    }

    async fn reset_redirects_to_trusted_origins_only(engine: Engine) {
        let server = start_with_logged_links(engine).await;
        TestUser::sign_up(&server, "ann").await;
        request_reset(&server, "ann@example.com", "https://evil.example/x").await.assert_auth_error(403, "INVALID_REDIRECT_URL", "Invalid redirectURL");
        let client = server.anonymous();
        let evil = client.get("/api/auth/reset-password/x?callbackURL=https%3A%2F%2Fevil.example").await;
        evil.assert_auth_error(403, "INVALID_CALLBACK_URL", "Invalid callbackURL");
        let none = client.get("/api/auth/reset-password/x").await;
        none.assert_auth_error(400, "VALIDATION_ERROR", "[query.callbackURL] Invalid input: expected string, received undefined");
        let good = client.get("/api/auth/reset-password/x?callbackURL=http%3A%2F%2Flocalhost%3A3000%2Freset").await;
        assert_eq!(good.header("location"), Some("http://localhost:3000/reset?error=INVALID_TOKEN"));
    }

    async fn reset_deletes_the_users_other_links_and_sessions(engine: Engine) {
        let mut server = start_with_logged_links(engine).await;
        let (ann, bob) = (TestUser::sign_up(&server, "ann").await, TestUser::sign_up(&server, "bob").await);
        let phone = ann.sign_in(&server).await;
        for (n, person) in [&ann, &ann, &bob].into_iter().enumerate() {
            assert_eq!(request_reset(&server, &person.email, "/").await.status, 200);
            tokens(&mut server, n + 1).await;
        }
        let tokens = tokens(&mut server, 3).await;
        assert_eq!(reset(&server, &tokens[1], NEW_PASSWORD).await.json(), json!({ "status": true }));
        assert!(!ann.is_signed_in(&server).await && !phone.is_signed_in(&server).await);
        reset(&server, &tokens[0], "another password").await.assert_auth_error(400, "INVALID_TOKEN", "Invalid token");
        assert_eq!(sign_in(&server, &ann.email, NEW_PASSWORD).await.status, 200);
        assert!(bob.is_signed_in(&server).await, "sessions of another user are kept");
        assert_eq!(reset(&server, &tokens[2], NEW_PASSWORD).await.json(), json!({ "status": true }));
        assert_eq!(server.query_i64("SELECT count(*) FROM verification").await, 0);
        // A reset works without another link or session.
        server.execute_sql("DELETE FROM session").await;
        request_reset(&server, &ann.email, "/").await;
        let token = self::tokens(&mut server, 4).await.remove(3);
        assert_eq!(reset(&server, &token, PASSWORD).await.json(), json!({ "status": true }));
        assert_eq!(sign_in(&server, &ann.email, PASSWORD).await.status, 200);
    }

    async fn concurrent_resets_of_a_user_succeed_once(engine: Engine) {
        let mut server = start_with_logged_links(engine).await;
        let ann = TestUser::sign_up(&server, "ann").await;
        for round in 0..3 {
            for n in 1..=2 {
                request_reset(&server, &ann.email, "/").await;
                tokens(&mut server, round * 2 + n).await;
            }
            let tokens = tokens(&mut server, round * 2 + 2).await;
            let (first, second) = (&tokens[round * 2], &tokens[round * 2 + 1]);
            let both = tokio::join!(reset(&server, first, NEW_PASSWORD), reset(&server, second, NEW_PASSWORD));
            let mut statuses = [both.0.status, both.1.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 400], "{both:?}");
        }
    }

    async fn keep_sessions_on_reset_keeps_sessions(engine: Engine) {
        let setup = ServerConfig::with_database(engine).await.with("RUST_LOG", "todo_api=debug,info");
        let mut server = setup.with("ROCKET_ISSUER", "{keep_sessions_on_reset=true}").start().await;
        let ann = TestUser::sign_up(&server, "ann").await;
        request_reset(&server, &ann.email, "/").await;
        request_reset(&server, &ann.email, "/").await;
        let tokens = tokens(&mut server, 2).await;
        assert_eq!(reset(&server, &tokens[0], NEW_PASSWORD).await.json(), json!({ "status": true }));
        assert!(ann.is_signed_in(&server).await);
        reset(&server, &tokens[1], NEW_PASSWORD).await.assert_auth_error(400, "INVALID_TOKEN", "Invalid token");
    }

    /// A user who signed up with another provider creates a first password this way.
    async fn reset_creates_a_first_password(engine: Engine) {
        let mut server = start_with_logged_links(engine).await;
        let ann = TestUser::sign_up(&server, "ann").await;
        server.execute_sql("DELETE FROM account").await;
        request_reset(&server, &ann.email, "/").await;
        let link = link(&mut server).await;
        let token = link.rsplit('/').next().unwrap().split('?').next().unwrap();
        assert_eq!(reset(&server, token, NEW_PASSWORD).await.json(), json!({ "status": true }));
        assert_eq!(sign_in(&server, &ann.email, NEW_PASSWORD).await.status, 200);
    }

    async fn reset_link_is_mailed_and_not_logged(engine: Engine) {
        let port = free_port();
        let mail = tokio::spawn(receive_one_mail(port));
        let server = ServerConfig::with_database(engine)
            .await
            .with("RUST_LOG", "debug")
            .with("SMTP_URL", &format!("smtp://127.0.0.1:{port}"))
            .with("MAIL_FROM", "Tasks <tasks@example.com>")
            .with("ROCKET_ISSUER", "{url=\"https://tasks.example.com\"}")
            .start()
            .await;
        TestUser::sign_up(&server, "ann").await;
        assert_eq!(request_reset(&server, "ann@example.com", "/reset").await.status, 200);
        let mail = tokio::time::timeout(crate::harness::TEST_TIMEOUT, mail).await.unwrap().unwrap();
        let text = mail.replace("=\r\n", "").replace("=3D", "=");
        assert!(text.contains("From: Tasks <tasks@example.com>") && text.contains("To: ann@example.com"), "{mail}");
        let link = text.split_whitespace().find(|it| it.starts_with("https://tasks.example.com/api/auth/reset-password/"));
        let token = link.unwrap().rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
        assert!(!server.logs().iter().any(|line| line.contains(&token)), "the token is not logged");
        assert_eq!(reset(&server, &token, NEW_PASSWORD).await.json(), json!({ "status": true }));
    }
}

/// Runs an SMTP server that receives one email and returns it.
async fn receive_one_mail(port: u16) -> String {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    writer.write_all(b"220 here\r\n").await.unwrap();
    let (mut mail, mut is_data) = (String::new(), false);
    while let Some(line) = lines.next_line().await.unwrap() {
        let response = match line.as_str() {
            "." if is_data => {
                writer.write_all(b"250 taken\r\n").await.unwrap();
                return mail;
            }
            text if is_data => {
                mail.push_str(text);
                mail.push_str("\r\n");
                continue;
            }
            "DATA" => {
                is_data = true;
                "354 go on"
            }
            _ => "250 ok",
        };
        writer.write_all(format!("{response}\r\n").as_bytes()).await.unwrap();
    }
    panic!("the client closed the connection")
}
