//! Hints for developers whose frontend was written for another server: the setting that would serve a request.
//!
//! Only in the debug profile. Each hint is logged once for each route, so that a frontend that repeats a request does not fill the log.

use std::collections::BTreeSet;
use std::sync::{Mutex, OnceLock, PoisonError};

use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Status;
use rocket::request::Request;
use rocket::response::Response;
use rocket::{Build, Rocket, async_trait, fairing};

use super::paths::is_task_path;
use crate::error::ApiError;
use crate::task::FieldError;

/// The maximum of hints in the life of a server.
const MAX_HINTS: usize = 200;

/// The maximum of names in a hint.
const MAX_NAMES: usize = 10;

/// Words that end the path of a task collection in other servers.
const COLLECTIONS: [&str; 4] = ["tasks", "todos", "todo", "task"];

/// Words that end the path of a sign-in in other servers.
const LOGIN_WORDS: [&str; 9] =
    ["login", "signin", "signup", "register", "logout", "signout", "me", "token", "sign-in"];

/// Logs the hints.
#[derive(Debug)]
pub struct FrontendHints;

/// The members of a body that the server has ignored.
struct IgnoredMembers(OnceLock<Vec<String>>);

/// Marks a server that gives hints.
struct GivesHints(Mutex<BTreeSet<String>>);

#[async_trait]
impl Fairing for FrontendHints {
    fn info(&self) -> Info {
        Info { name: "Hints for frontends", kind: Kind::Ignite | Kind::Response }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> fairing::Result {
        Ok(rocket.manage(GivesHints(Mutex::default())))
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let Some(given) = request.rocket().state::<GivesHints>() else { return };
        for hint in hints(request, response.status()) {
            let route = request.route().map_or("", |route| route.uri.as_str());
            let is_new = {
                let mut given = given.0.lock().unwrap_or_else(PoisonError::into_inner);
                given.len() < MAX_HINTS && given.insert(format!("{} {route} {hint}", request.method()))
            };
            if is_new {
                tracing::info!(method = %request.method(), route, "hint: {hint} (docs/FRONTENDS.md)");
            }
        }
    }
}

/// Records the members of a body that are ignored, if the server gives hints.
pub(crate) fn record_ignored<'a>(request: &Request<'_>, names: impl Iterator<Item = &'a str>) {
    if request.rocket().state::<GivesHints>().is_some() {
        let names = names.take(MAX_NAMES).map(|name| name.chars().take(64).collect()).collect();
        let _ = ignored(request).0.set(names);
    }
}

fn ignored<'r>(request: &'r Request<'_>) -> &'r IgnoredMembers {
    request.local_cache(|| IgnoredMembers(OnceLock::new()))
}

fn hints(request: &Request<'_>, status: Status) -> Vec<String> {
    let mut hints = Vec::new();
    if let Some(names) = ignored(request).0.get().filter(|names| !names.is_empty()) {
        // A name is text of the client. Debug quotes it.
        hints
            .push(format!("the members {names:?} are ignored; to store them, list them in tasks.attributes"));
    }
    match ApiError::recorded(request) {
        Some(ApiError::Validation(fields)) => hints.extend(fields.iter().filter_map(for_field)),
        Some(ApiError::InvalidQuery(message)) => hints.extend(for_query(message)),
        _ => {}
    }
    if status == Status::NotFound && request.route().is_none() && !is_task_path(request) {
        hints.extend(for_path(request));
    }
    hints
}

fn for_field(error: &FieldError) -> Option<String> {
    let message = &error.message;
    let setting = match error.field.as_ref() {
        "title" if message.contains("at most") => "tasks.title_limit raises the length",
        "title" if message.contains("required") => "if the text has another name, set api.fields.title",
        "description" if message.contains("at most") => "tasks.description_limit raises the length",
        "status" => "if the frontend has other words for completion, list them in api.status",
        _ => return None,
    };
    Some(format!("{message}; {setting}"))
}

fn for_query(message: &str) -> Option<String> {
    let setting = if message.starts_with("Invalid sort field") {
        "for other words set api.sorts, and for a further member tasks.attributes"
    } else if message.starts_with("Invalid status filter") {
        "if the frontend has other words for completion, list them in api.status"
    } else {
        return None;
    };
    Some(format!("{message}; {setting}"))
}

/// The hint for a path without a route: the path is that of a task collection or of a sign-in in another server.
fn for_path(request: &Request<'_>) -> Option<String> {
    let segments: Vec<&str> = request.uri().path().segments().collect();
    if let Some(position) = segments.iter().position(|it| COLLECTIONS.contains(it)) {
        let collection = segments.get(..=position).unwrap_or_default().join("/");
        return Some(format!(
            "no tasks are at {collection:?}; if the frontend has them there, set api.path, with {{user_id}} in place of a user's id"
        ));
    }
    let (word, base) = segments.split_last()?;
    LOGIN_WORDS.contains(word).then(|| {
        let base = base.join("/");
        format!("no sign-in is at {base:?}; if the frontend has it there, set issuer.login_paths")
    })
}
