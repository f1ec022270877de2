//! The service in this process, with a database of its own, for the fuzz targets.

use rocket::local::blocking::{Client, LocalRequest, LocalResponse};
use rocket::http::{Header, Method};
use std::panic::RefUnwindSafe;
use todo_api::config::ConfigLoader;

/// The secret that signs tokens and cookies.
pub const SECRET: &str = "a secret of the fuzz targets, 32 bytes or more";

/// The running service.
pub struct Service(Client);

/// The service handles panics of its handlers itself.
impl RefUnwindSafe for Service {}

impl Service {
    /// Begins a request.
    pub fn request<'c>(&'c self, method: Method, path: &'c str) -> LocalRequest<'c> {
        self.0.req(method, path)
    }
}

/// Starts the service on a new SQLite database.
///
/// # Panics
///
/// If it does not start.
#[must_use]
pub fn service() -> Service {
    let directory = std::env::temp_dir().join(format!("todo-api-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory for the database");
    let url = format!("sqlite://{}", directory.join("todo.db").display());
    let config = ConfigLoader::from_values([
        ("databases.todo.url", url.as_str()),
        ("auth.secret", SECRET),
        ("issuer.url", "http://localhost:8000"),
        ("issuer.alg", "EdDSA"),
        ("tasks.attributes.priority", "medium"),
    ]);
    let settings = config.and_then(|it| it.load()).expect("settings");
    Service(Client::untracked(todo_api::rocket(&settings)).expect("the service starts"))
}

/// Sends a request from a client that names the server.
#[must_use]
pub fn send<'c>(request: LocalRequest<'c>) -> LocalResponse<'c> {
    request.header(Header::new("Host", "localhost:8000")).dispatch()
}

/// Whether a header can have this value.
#[must_use]
pub fn is_header(value: &str) -> bool {
    value.bytes().all(|byte| (0x20..0x7f).contains(&byte) || byte == b'\t')
}
