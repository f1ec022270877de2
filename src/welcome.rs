//! Start page at `/` for developers: what runs, and how to connect a frontend.
//!
//! A browser is the first client of a new server, and its first path is `/`. The page has neither scripts nor styles, so that the policy of
//! every other response suits it. In release the path is a 404, because clients of the API learn nothing from the page.

use std::fmt::Write;

use rocket::fairing::AdHoc;
use rocket::http::Header;
use rocket::response::Responder;
use rocket::response::content::RawHtml;
use rocket::{State, get, routes};

use crate::config::Config;
use crate::request::with_method_fallbacks;

/// Mounts the page if `welcome` is set.
#[must_use]
pub fn stage(config: &Config) -> AdHoc {
    let page = config.server.welcome.then(|| Page(render(config)));
    AdHoc::on_ignite("Start page", |rocket| async move {
        match page {
            Some(page) => rocket.manage(page).mount("/", with_method_fallbacks(routes![show])),
            None => rocket,
        }
    })
}

/// The rendered page. It depends on the configuration alone.
struct Page(String);

/// The page and its caching: a browser must not show the page of another server that had the same port.
#[derive(Responder)]
struct PageResponse {
    html: RawHtml<String>,
    cache: Header<'static>,
}

#[get("/")]
fn show(page: &State<Page>) -> PageResponse {
    PageResponse { html: RawHtml(page.0.clone()), cache: Header::new("Cache-Control", "no-store") }
}

fn render(config: &Config) -> String {
    let mut html = String::from(HEAD);
    let _ = write!(
        html,
        "<h1>todo-api {}</h1>\n<p>The server runs. Its database is {}.</p>\n<ul>\n",
        env!("CARGO_PKG_VERSION"),
        escape(&config.database.url.to_string())
    );
    if config.server.docs {
        html.push_str("<li><a href=\"/docs\">/docs</a>: try every operation of the API\n");
        html.push_str("<li><a href=\"/openapi.json\">/openapi.json</a>: the same as an OpenAPI document\n");
    }
    html.push_str("<li><a href=\"/health\">/health</a>, <a href=\"/readyz\">/readyz</a>: the state of the server\n</ul>\n");
    html.push_str("<h2>Get a token</h2>\n");
    if config.issuer.enabled {
        html.push_str(SIGN_UP);
    }
    html.push_str(TOKEN_COMMAND);
    html.push_str("<h2>Connect a frontend</h2>\n");
    html.push_str(FRONTEND);
    let _ = writeln!(html, "<pre>cd examples/nextjs\nnpm ci\n{}npm run dev</pre>", example_variables(config));
    html.push_str(BETTER_AUTH);
    let origins = config.cors.origins.as_slice();
    let _ = match origins {
        [] => {
            writeln!(html, "<p>No other origin is allowed. Set <code>CORS_ORIGINS</code> to the frontend's.")
        }
        _ => writeln!(
            html,
            "<p>Pages of these origins can call the API: <code>{}</code>. Set <code>CORS_ORIGINS</code> for others.",
            escape(&origins.join(", "))
        ),
    };
    html.push_str(FOOT);
    html.replace("SERVER", &format!("localhost:{}", config.rocket.port))
}

/// The variables with which the example uses this server: its URL unless that is the example's default, and the built-in authentication unless a
/// Better Auth is configured. Without the second one, the example's own Better Auth would issue tokens that this server rejects.
fn example_variables(config: &Config) -> String {
    let mut variables = String::new();
    if config.rocket.port != rocket::Config::default().port {
        variables.push_str("API_URL=http://SERVER ");
    }
    if config.issuer.enabled && config.auth.base_url().is_none() {
        variables.push_str("BUILT_IN_AUTH=true ");
    }
    variables
}

/// Escapes text for HTML. The path of the database is the operator's text.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>todo-api</title>
<link rel="icon" href="data:,">
</head>
<body>
<main>
"#;

const SIGN_UP: &str = r#"<p>Sign up at this server. The response has an <code>access_token</code>, which is valid for 15 minutes:
<pre>curl -s SERVER/api/auth/signup --json '{"email": "me@example.com", "password": "correct horse"}'</pre>
"#;

const TOKEN_COMMAND: &str = r#"<p>Or issue a token for any user, signed with this server's secret, and use it:
<pre>TOKEN=$(cargo run -q -- token --user me)
curl -s SERVER/api/tasks -H "Authorization: Bearer $TOKEN" -d '{"title": "Ship it"}'
curl -s SERVER/api/tasks -H "Authorization: Bearer $TOKEN"</pre>
"#;

const FRONTEND: &str =
    "<p>A complete application with Next.js is in <code>examples/nextjs</code>. It runs with this server by
";

const BETTER_AUTH: &str = r"<p>Without <code>BUILT_IN_AUTH</code> the application has a Better Auth of its own, with the plugin <code>jwt()</code>, as yours
needs it. Then start this server with the URL of Better Auth:
<pre>BETTER_AUTH_URL=http://localhost:3000 cargo run</pre>
";

const FOOT: &str = r"<p><code>cargo run -q -- doctor</code> checks the configuration, the database, the keys and the clock.
</main>
</body>
</html>
";
