//! A list of tasks, which has no pages here and may have thousands: it is read in parts, and sent as they come.
//!
//! So a long list is never in memory whole, and none holds a connection of the database while its client is slow to take it.

use std::io::Cursor;

use rocket::futures::stream::{self, Stream, StreamExt};
use rocket::http::ContentType;
use rocket::request::Request;
use rocket::response::stream::ReaderStream;
use rocket::response::{self, Responder, Response};

use crate::auth::AuthUser;
use crate::error::ApiError;
use crate::fairings::MAX_CHUNK_SIZE;
use crate::store::{Store, TaskCursor};
use crate::task::{Filter, TaskRow};

/// Tasks in a part. Most lists are shorter, and then they are one.
const PART: i64 = 500;

/// A JSON array of tasks: its first part, and from where to go on.
pub(super) struct TaskStream<'r> {
    first: Vec<u8>,
    rest: Option<Rest<'r>>,
}

/// What is left of a list.
struct Rest<'r> {
    user: &'r AuthUser,
    store: &'r Store,
    filter: Filter,
    from: Option<TaskCursor>,
}

impl<'r> TaskStream<'r> {
    pub(super) async fn read(user: &'r AuthUser, store: &'r Store, filter: Filter) -> Result<Self, ApiError> {
        let (first, rest) = Rest { user, store, filter, from: None }.read(Part::first()).await?;
        Ok(Self { first, rest })
    }
}

impl<'r> Rest<'r> {
    /// Reads as much as goes into a part; what is then left is the rest.
    async fn read(self, mut part: Part) -> Result<(Vec<u8>, Option<Self>), ApiError> {
        let tasks = self.store.for_user(self.user);
        let place = tasks.list(self.filter, self.from, PART, |task| part.push(task)).await?;
        let rest = place.map(|place| Self { from: Some(place), ..self });
        Ok((part.end(rest.is_none())?, rest))
    }

    /// The rest, part by part. Should the database fail now, when it is too late for an error, the array is not closed, and no
    /// client takes it for a whole one.
    fn parts(self) -> impl Stream<Item = Cursor<Vec<u8>>> + use<'r> {
        stream::unfold(Some(self), |rest| async {
            match rest?.read(Part::further()).await {
                Ok((json, rest)) => Some((Cursor::new(json), rest)),
                Err(problem) => {
                    tracing::error!(error = %problem, "a list was cut off");
                    None
                }
            }
        })
    }
}

impl<'r> Responder<'r, 'r> for TaskStream<'r> {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'r> {
        let mut response = Response::build();
        response.header(ContentType::JSON);
        let Some(rest) = self.rest else {
            return response.sized_body(self.first.len(), Cursor::new(self.first)).ok();
        };
        let first = stream::iter([Cursor::new(self.first)]);
        let reader = ReaderStream::from(first.chain(rest.parts()));
        response.streamed_body(reader).max_chunk_size(MAX_CHUNK_SIZE).ok()
    }
}

/// Some tasks, as they stand in the array.
struct Part {
    json: Vec<u8>,
    is_json: bool,
}

impl Part {
    fn first() -> Self {
        Self { json: b"[".to_vec(), is_json: true }
    }

    fn further() -> Self {
        Self { json: Vec::new(), is_json: true }
    }

    fn push(&mut self, task: TaskRow<'_>) {
        if self.json != b"[" {
            self.json.push(b',');
        }
        self.is_json &= serde_json::to_writer(&mut self.json, &task).is_ok();
    }

    fn end(mut self, is_last: bool) -> Result<Vec<u8>, ApiError> {
        if is_last {
            self.json.push(b']');
        }
        if self.is_json { Ok(self.json) } else { Err(ApiError::Internal("a task is no JSON".to_owned())) }
    }
}
