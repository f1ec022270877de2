//! Shapes: what a frontend sees of a task. Paths, names of members, words, wrappers and the form of errors are data.
//!
//! A *member* is a part of a JSON object. A *field* is a part of a task in the domain, such as its title. An *attribute* is a
//! member beyond the fields, which the operator has allowed.
//!
//! A shape is read from the configuration and used in three places: [`TaskPaths`] finds it by the path of a request, [`decode`] turns bodies
//! and queries into the types of the domain, and [`encode`] turns tasks, lists and errors into JSON. Routes, store and domain are the same
//! for every shape. Each of the two dialects has a shape in `Rocket.toml` (docs/adr/0018-shapes.md).

mod claims;
pub mod decode;
pub mod encode;
mod errors;
mod hints;
mod list_query;
mod paths;
mod status;

use std::sync::Arc;

use rocket::async_trait;
use rocket::http::Status;
use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest, Request};

pub use errors::{AnyError, EnvelopedError, ErrorBody, PlainError};
pub use hints::FrontendHints;
pub(crate) use hints::record_ignored;
pub use list_query::ListQuery;
pub(crate) use list_query::status_filter_words;
pub use paths::{Shapes, TaskPaths};
pub(crate) use paths::{is_task_path, path_user_id};
pub(crate) use status::GENEROUS_WORDS;

use crate::config::{PathTemplate, ShapeConfig, ShapesConfig};
use crate::error::ApiError;
use crate::task::{TaskRef, TaskRules};
use decode::Decoder;
use encode::{ListEncoder, TaskEncoder};

/// The shape of a dialect.
#[derive(Debug)]
pub struct Shape {
    /// Decodes bodies.
    pub decoder: Decoder,
    /// Encodes tasks.
    pub tasks: TaskEncoder,
    pub(crate) lists: ListEncoder,
    /// The path of the collection without the user's id, for `Location`.
    pub(crate) location: String,
    pub(crate) config: ShapeConfig,
}

impl Shape {
    /// The shape of this configuration.
    #[must_use]
    pub fn new(config: &ShapeConfig, rules: &TaskRules) -> Self {
        Self {
            decoder: Decoder::new(config, rules),
            tasks: TaskEncoder::new(config, &rules.attributes),
            lists: ListEncoder::new(config),
            location: config.paths().first().map(PathTemplate::mount).unwrap_or_default(),
            config: config.clone(),
        }
    }

    /// The status and the body of an error.
    #[must_use]
    pub fn error(&self, error: &ApiError) -> (Status, ErrorBody) {
        errors::render(&self.config.errors, error)
    }

    /// The body of a response with one task.
    ///
    /// # Errors
    ///
    /// The stored attributes are not JSON.
    pub fn task_json(&self, task: TaskRef<'_>) -> serde_json::Result<Vec<u8>> {
        let mut json = Vec::with_capacity(512);
        json.extend_from_slice(self.config.wrapper.opening().as_bytes());
        if let Some(key) = &self.config.task_key {
            json.extend(encode::prefix('{', key));
        }
        self.tasks.write(&mut json, task)?;
        if self.config.task_key.is_some() {
            json.push(b'}');
        }
        json.extend_from_slice(self.config.wrapper.closing().as_bytes());
        Ok(json)
    }

    /// The shape for the path of a request. `None` only if [`TaskPaths`] is not attached.
    pub(crate) fn of<'r>(request: &'r Request<'_>) -> Option<&'r Self> {
        paths::shape_of(request)
    }
}

#[async_trait]
impl<'r> FromRequest<'r> for &'r Shape {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, ()> {
        match Shape::of(request) {
            Some(shape) => Outcome::Success(shape),
            None => Outcome::Error((Status::InternalServerError, ())),
        }
    }
}

/// The shapes of both dialects.
#[must_use]
pub fn shapes(config: &ShapesConfig) -> Arc<Shapes> {
    let shapes = [&config.api, &config.v1].map(|shape| Arc::new(Shape::new(shape, &config.rules)));
    Arc::new(Shapes::new(shapes))
}
