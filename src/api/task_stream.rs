//! A streamed list of tasks. The bare dialect has no pages, and a list may have thousands of tasks.
//!
//! The list is read in batches, and each is sent before the next is read. So memory does not grow with the list, and a slow client holds no
//! database connection. Batches are bounded in bytes, because many clients may leave theirs unread.

use std::io::Cursor;
use std::ops::ControlFlow;

use rocket::futures::stream::{self, Stream, StreamExt};
use rocket::http::ContentType;
use rocket::request::Request;
use rocket::response::stream::ReaderStream;
use rocket::response::{self, Responder, Response};

use crate::auth::AuthUser;
use crate::error::ApiError;
use crate::fairings::MAX_CHUNK_SIZE;
use crate::store::{Store, TaskCursor};
use crate::task::{ListOptions, TaskRow};

/// The maximum of tasks in the first batch. Most lists fit into it.
const FIRST_BATCH_SIZE: i64 = 128;

/// The maximum of tasks in the further batches.
const MAX_BATCH_SIZE: i64 = 500;

/// The size at which a batch is full, in bytes of JSON.
const BATCH_BYTES: usize = 256 * 1024;

/// A JSON array of tasks: the first batch, and the remainder to read while sending.
pub(super) struct TaskStream<'r> {
    first: Vec<u8>,
    remainder: Option<Remainder<'r>>,
}

/// The part of a list that has not been read yet.
struct Remainder<'r> {
    user: &'r AuthUser,
    store: &'r Store,
    options: ListOptions,
    after: Option<TaskCursor>,
    batch_size: i64,
}

impl<'r> TaskStream<'r> {
    /// Reads the first batch, so that an unavailable database is still a 503.
    pub(super) async fn open(
        user: &'r AuthUser,
        store: &'r Store,
        options: ListOptions,
    ) -> Result<Self, ApiError> {
        let list = Remainder { user, store, options, after: None, batch_size: FIRST_BATCH_SIZE };
        let (first, remainder) = list.read(Batch::first()).await?;
        Ok(Self { first, remainder })
    }
}

impl<'r> Remainder<'r> {
    /// Reads a batch. Returns its JSON and the new remainder.
    async fn read(self, mut batch: Batch) -> Result<(Vec<u8>, Option<Self>), ApiError> {
        let tasks = self.store.for_user(self.user);
        let cursor = tasks.list(self.options, self.after, self.batch_size, |task| batch.push(task)).await?;
        // Tasks that do not fit are read again: the next batch asks for as many as have fitted into this one.
        let batch_size = if batch.is_full() { batch.tasks } else { MAX_BATCH_SIZE };
        let remainder = cursor.map(|cursor| Self { after: Some(cursor), batch_size, ..self });
        Ok((batch.finish(remainder.is_none())?, remainder))
    }

    /// The JSON of the remaining batches. If the database fails now, it is too late for an error response: the array stays unclosed, so
    /// that no client takes it for a complete list.
    fn batches(self) -> impl Stream<Item = Cursor<Vec<u8>>> + use<'r> {
        stream::unfold(Some(self), |remainder| async {
            match remainder?.read(Batch::next()).await {
                Ok((json, remainder)) => Some((Cursor::new(json), remainder)),
                Err(error) => {
                    tracing::error!(%error, "a list was cut off");
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
        let Some(remainder) = self.remainder else {
            return response.sized_body(self.first.len(), Cursor::new(self.first)).ok();
        };
        let first = stream::iter([Cursor::new(self.first)]);
        let reader = ReaderStream::from(first.chain(remainder.batches()));
        response.streamed_body(reader).max_chunk_size(MAX_CHUNK_SIZE).ok()
    }
}

/// The JSON of some consecutive tasks of the array.
struct Batch {
    json: Vec<u8>,
    tasks: i64,
    error: Option<serde_json::Error>,
}

impl Batch {
    fn first() -> Self {
        Self { json: b"[".to_vec(), tasks: 0, error: None }
    }

    fn next() -> Self {
        Self { json: Vec::new(), tasks: 0, error: None }
    }

    fn is_full(&self) -> bool {
        self.json.len() >= BATCH_BYTES
    }

    /// Adds a task. Breaks when the batch is full.
    fn push(&mut self, task: TaskRow<'_>) -> ControlFlow<()> {
        if self.json != b"[" {
            self.json.push(b',');
        }
        if let Err(error) = serde_json::to_writer(&mut self.json, &task) {
            self.error = Some(error);
        }
        self.tasks += 1;
        if self.is_full() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn finish(mut self, is_last: bool) -> Result<Vec<u8>, ApiError> {
        if is_last {
            self.json.push(b']');
        }
        self.json.shrink_to_fit();
        match self.error {
            None => Ok(self.json),
            Some(error) => Err(ApiError::Internal(format!("a task cannot be serialized: {error}"))),
        }
    }
}
