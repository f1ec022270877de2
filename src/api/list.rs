//! A streamed list of tasks, which may have thousands.
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
use crate::shape::{ListQuery, Shape};
use crate::store::{FoundIds, ListPosition, Store};
use crate::task::{ListOptions, TaskRef, Window};

/// The maximum of tasks in the first batch. Most lists fit into it.
const FIRST_BATCH_SIZE: i64 = 128;

/// The maximum of tasks in the further batches.
const MAX_BATCH_SIZE: i64 = 500;

/// The size at which a batch is full, in bytes of JSON.
const BATCH_BYTES: usize = 256 * 1024;

/// A list as JSON: the first batch, and the remainder to read while sending.
pub(super) struct TaskList<'r> {
    first: Vec<u8>,
    remainder: Option<Remainder<'r>>,
}

/// The part of a list that has not been read yet.
struct Remainder<'r> {
    user: &'r AuthUser,
    store: &'r Store,
    shape: &'r Shape,
    tasks: Tasks,
    window: Window,
    /// The maximum of tasks in the next batch.
    batch_size: i64,
    /// The tasks that have been read.
    read: i64,
    /// The number of all tasks, if it is known and the shape has it.
    total: Option<i64>,
    /// The number of all tasks that are completed, if the shape has it.
    completed: i64,
}

/// Where the next tasks come from.
enum Tasks {
    /// The tasks of a filter, by their time of creation.
    Listed(ListOptions, ListPosition),
    /// The tasks that a search has found.
    Found(FoundIds),
}

impl<'r> TaskList<'r> {
    /// Reads the first batch, so that an unavailable database is still a 503.
    pub(super) async fn open(
        user: &'r AuthUser,
        store: &'r Store,
        shape: &'r Shape,
        query: ListQuery,
    ) -> Result<Self, ApiError> {
        let ListQuery { options, search, window } = query;
        let tasks = if search.is_empty() {
            Tasks::Listed(options, ListPosition::Offset(window.offset))
        } else {
            Tasks::Found(store.for_user(user).find(options, &search, window).await?)
        };
        let batch_size = FIRST_BATCH_SIZE;
        let list =
            Remainder { user, store, shape, tasks, window, batch_size, read: 0, total: None, completed: 0 };
        let mut json = shape.lists.opening();
        let opening = json.len();
        let (mut list, is_complete) = list.read(&mut json, opening).await?;
        if is_complete || window.limit.is_some() {
            list.total = list.total(is_complete, options, &search).await?;
        }
        list.completed = list.completed(options, &search).await?;
        if is_complete {
            list.close(&mut json);
        }
        Ok(Self { first: json, remainder: (!is_complete).then_some(list) })
    }
}

impl Remainder<'_> {
    /// Appends a batch. Returns whether the list is complete. `opening` is the length of the JSON before the first task.
    async fn read(mut self, json: &mut Vec<u8>, opening: usize) -> Result<(Self, bool), ApiError> {
        let left = self.window.limit.map_or(i64::MAX, |limit| limit - self.read);
        let mut batch = Batch { json, opening, tasks: 0, shape: self.shape, error: None };
        let size = self.batch_size.min(left);
        let tasks = self.store.for_user(self.user);
        let next = match self.tasks {
            Tasks::Listed(options, position) => {
                let cursor = tasks.list(options, position, size, |task| batch.push(task)).await?;
                cursor.map(|cursor| Tasks::Listed(options, ListPosition::After(cursor)))
            }
            Tasks::Found(ids) => {
                tasks.visit_found(ids, size, |task| batch.push(task)).await?.map(Tasks::Found)
            }
        };
        if let Some(error) = batch.error {
            return Err(ApiError::Internal(format!("a task cannot be serialized: {error}")));
        }
        self.read += batch.tasks;
        // Tasks that do not fit are read again: the next batch asks for as many as have fitted into this one.
        self.batch_size = if batch.is_full() { batch.tasks } else { MAX_BATCH_SIZE };
        let is_complete = next.is_none() || batch.tasks >= left;
        json.shrink_to_fit();
        self.tasks = next.unwrap_or(Tasks::Found(FoundIds::default()));
        Ok((self, is_complete))
    }

    /// The number of all tasks, if the shape has it.
    async fn total(
        &self,
        is_complete: bool,
        options: ListOptions,
        search: &crate::task::Search,
    ) -> Result<Option<i64>, ApiError> {
        if !self.shape.lists.has_total() {
            return Ok(None);
        }
        // A page that is not full, and has tasks or starts the list, shows the length of the list. That is so for most lists, and to count
        // a list costs as much as to read it.
        let Window { limit, offset } = self.window;
        let ends_list = is_complete && limit.is_none_or(|limit| self.read < limit);
        if ends_list && (self.read > 0 || offset == 0) {
            return Ok(Some(offset.saturating_add(self.read)));
        }
        self.store.for_user(self.user).count(options, search).await.map(Some)
    }

    /// The number of all tasks that are completed, if the shape has it. It is counted before the number of all tasks of a long list, which
    /// is the number of the tasks that were sent.
    async fn completed(&self, options: ListOptions, search: &crate::task::Search) -> Result<i64, ApiError> {
        if !self.shape.lists.has_completed() || options.completed == Some(false) {
            return Ok(0);
        }
        let completed = ListOptions { completed: Some(true), ..options };
        self.store.for_user(self.user).count(completed, search).await
    }

    fn close(&self, json: &mut Vec<u8>) {
        let total = self.total.unwrap_or_else(|| self.window.offset.saturating_add(self.read));
        self.shape.lists.write_closing(json, total, self.completed.min(total), self.window);
    }
}

impl<'r> Remainder<'r> {
    /// The JSON of the remaining batches. If the database fails now, it is too late for an error response: the JSON stays unclosed, so
    /// that no client takes it for a complete list.
    fn batches(self) -> impl Stream<Item = Cursor<Vec<u8>>> + use<'r> {
        stream::unfold(Some(self), |remainder| async {
            let mut json = Vec::new();
            match remainder?.read(&mut json, 0).await {
                Ok((list, true)) => {
                    list.close(&mut json);
                    Some((Cursor::new(json), None))
                }
                Ok((list, false)) => Some((Cursor::new(json), Some(list))),
                Err(error) => {
                    tracing::error!(%error, "a list was cut off");
                    None
                }
            }
        })
    }
}

impl<'r> Responder<'r, 'r> for TaskList<'r> {
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
struct Batch<'a> {
    json: &'a mut Vec<u8>,
    opening: usize,
    tasks: i64,
    shape: &'a Shape,
    error: Option<serde_json::Error>,
}

impl Batch<'_> {
    fn is_full(&self) -> bool {
        self.json.len() >= BATCH_BYTES
    }

    /// Adds a task. Breaks when the batch is full.
    fn push(&mut self, task: TaskRef<'_>) -> ControlFlow<()> {
        let is_first_of_list = self.opening > 0 && self.json.len() == self.opening;
        if !is_first_of_list {
            self.json.push(b',');
        }
        if let Err(error) = self.shape.tasks.write(self.json, task) {
            self.error = Some(error);
        }
        self.tasks += 1;
        if self.is_full() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
