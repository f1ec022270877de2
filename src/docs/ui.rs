//! `/openapi.json`, and `/docs` with Swagger UI. The files are compiled into the binary, so a browser fetches nothing from other hosts.

use std::borrow::Cow;
use std::sync::LazyLock;

use rocket::http::{ContentType, Header};
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use rocket::{Route, State, get, routes};
use utoipa::openapi::OpenApi;

/// Content security policy: scripts and styles of this origin, style attributes, which Swagger UI sets, and `data:` images in styles.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) fn routes() -> Vec<Route> {
    routes![openapi, page, start, script, style]
}

/// A file that is compiled into the binary.
struct File {
    content_type: ContentType,
    bytes: Cow<'static, [u8]>,
    /// Large files are stored compressed, as they are sent. All browsers support gzip.
    gzipped: bool,
}

impl<'r> Responder<'r, 'static> for File {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let mut response = Response::build();
        response
            .header(self.content_type)
            .header(Header::new("Content-Security-Policy", POLICY))
            .header(Header::new("Cache-Control", "no-cache"))
            .sized_body(self.bytes.len(), std::io::Cursor::new(self.bytes));
        if self.gzipped {
            response.header(Header::new("Content-Encoding", "gzip"));
        }
        response.ok()
    }
}

/// The serialized document. Built at the first request, because it takes 5 ms and 2 MiB.
pub(super) struct Document(LazyLock<String, Box<dyn FnOnce() -> String + Send>>);

impl Document {
    pub(super) fn when_asked(make: impl FnOnce() -> OpenApi + Send + 'static) -> Self {
        Self(LazyLock::new(Box::new(|| make().to_json().unwrap_or_default())))
    }
}

#[get("/openapi.json")]
fn openapi(document: &State<Document>) -> File {
    File {
        content_type: ContentType::JSON,
        bytes: Cow::Owned(document.0.as_bytes().to_vec()),
        gzipped: false,
    }
}

#[get("/docs")]
fn page() -> File {
    let bytes = Cow::Borrowed(include_bytes!("../../assets/swagger-ui/index.html").as_slice());
    File { content_type: ContentType::HTML, bytes, gzipped: false }
}

#[get("/docs/start.js")]
fn start() -> File {
    let bytes = Cow::Borrowed(include_bytes!("../../assets/swagger-ui/start.js").as_slice());
    File { content_type: ContentType::JavaScript, bytes, gzipped: false }
}

#[get("/docs/swagger-ui-bundle.js")]
fn script() -> File {
    let bytes = Cow::Borrowed(include_bytes!("../../assets/swagger-ui/swagger-ui-bundle.js.gz").as_slice());
    File { content_type: ContentType::JavaScript, bytes, gzipped: true }
}

#[get("/docs/swagger-ui.css")]
fn style() -> File {
    let bytes = Cow::Borrowed(include_bytes!("../../assets/swagger-ui/swagger-ui.css.gz").as_slice());
    File { content_type: ContentType::CSS, bytes, gzipped: true }
}
