//! The task routes.

use rocket::{Route, delete, get, patch, post, put, routes};

use super::list::TaskList;
use super::missing;
use super::response::{CreatedResponse, DeletedResponse, TaskResponse};
use crate::auth::AuthUser;
use crate::error::ApiError;
use crate::request::{Body, NoBody};
use crate::shape::decode::CompletionBody;
use crate::shape::{ListQuery, Shape};
use crate::store::Store;
use crate::task::{Completion, NewTask, TaskId, TaskPatch};

type TaskResult = Result<TaskResponse, ApiError>;

pub(super) fn routes() -> Vec<Route> {
    routes![
        list,
        create,
        show,
        replace,
        update,
        remove,
        complete,
        complete_by_post,
        reopen,
        toggle,
        toggle_by_post,
        toggle_complete,
        toggle_complete_by_post,
        toggle_status,
        toggle_status_by_post,
        search
    ]
}

#[get("/")]
async fn list<'r>(
    user: &'r AuthUser,
    query: ListQuery,
    store: &'r Store,
    shape: &'r Shape,
) -> Result<TaskList<'r>, ApiError> {
    TaskList::open(user, store, shape, query).await
}

/// `GET …/search` is the list, for frontends that search at a path of its own.
#[get("/search")]
async fn search<'r>(
    user: &'r AuthUser,
    query: ListQuery,
    store: &'r Store,
    shape: &'r Shape,
) -> Result<TaskList<'r>, ApiError> {
    list(user, query, store, shape).await
}

#[post("/", data = "<new>")]
async fn create(user: &AuthUser, store: &Store, new: Body<NewTask>) -> Result<CreatedResponse, ApiError> {
    store.for_user(user).create(&new.0).await.map(CreatedResponse)
}

#[get("/<id>")]
async fn show(user: &AuthUser, store: &Store, shape: &Shape, id: TaskId) -> TaskResult {
    let tasks = store.for_user(user);
    match tasks.get(id).await? {
        Some(task) => Ok(TaskResponse(task)),
        None => Err(missing(&tasks, id, shape).await),
    }
}

/// `PUT` changes only the given fields, as `PATCH` does, because frontends send partial objects.
#[put("/<id>", data = "<patch>")]
async fn replace(
    user: &AuthUser,
    store: &Store,
    shape: &Shape,
    id: TaskId,
    patch: Body<TaskPatch>,
) -> TaskResult {
    update(user, store, shape, id, patch).await
}

#[patch("/<id>", data = "<patch>")]
async fn update(
    user: &AuthUser,
    store: &Store,
    shape: &Shape,
    id: TaskId,
    patch: Body<TaskPatch>,
) -> TaskResult {
    let tasks = store.for_user(user);
    match tasks.update(id, &patch.0).await? {
        Some(task) => Ok(TaskResponse(task)),
        None => Err(missing(&tasks, id, shape).await),
    }
}

#[delete("/<id>", data = "<_body>")]
async fn remove(
    user: &AuthUser,
    store: &Store,
    shape: &Shape,
    id: TaskId,
    _body: NoBody,
) -> Result<DeletedResponse, ApiError> {
    let tasks = store.for_user(user);
    match tasks.delete(id).await? {
        Some(task) => Ok(DeletedResponse(task)),
        None => Err(missing(&tasks, id, shape).await),
    }
}

#[patch("/<id>/complete", data = "<completion>")]
async fn complete(
    user: &AuthUser,
    store: &Store,
    shape: &Shape,
    id: TaskId,
    completion: Body<CompletionBody>,
) -> TaskResult {
    update(user, store, shape, id, Body(completion.0.0)).await
}

/// `POST …/complete`, `…/toggle`, `…/toggle-complete` and `…/toggle-status` do the same, because frontends differ in how they call it.
#[post("/<id>/complete", data = "<completion>")]
async fn complete_by_post(
    user: &AuthUser,
    store: &Store,
    shape: &Shape,
    id: TaskId,
    completion: Body<CompletionBody>,
) -> TaskResult {
    complete(user, store, shape, id, completion).await
}

/// `DELETE …/complete` takes the completion back, for frontends that see it as a resource.
#[delete("/<id>/complete", data = "<_body>")]
async fn reopen(user: &AuthUser, store: &Store, shape: &Shape, id: TaskId, _body: NoBody) -> TaskResult {
    update(user, store, shape, id, Body(TaskPatch::completion(Completion::Set(false)))).await
}

#[patch("/<id>/toggle", data = "<completion>")]
async fn toggle(
    user: &AuthUser,
    store: &Store,
    shape: &Shape,
    id: TaskId,
    completion: Body<CompletionBody>,
) -> TaskResult {
    complete(user, store, shape, id, completion).await
}

#[post("/<id>/toggle", data = "<completion>")]
async fn toggle_by_post(
    user: &AuthUser,
    store: &Store,
    shape: &Shape,
    id: TaskId,
    completion: Body<CompletionBody>,
) -> TaskResult {
    complete(user, store, shape, id, completion).await
}

#[patch("/<id>/toggle-complete", data = "<completion>")]
async fn toggle_complete(
    user: &AuthUser,
    store: &Store,
    shape: &Shape,
    id: TaskId,
    completion: Body<CompletionBody>,
) -> TaskResult {
    complete(user, store, shape, id, completion).await
}

#[post("/<id>/toggle-complete", data = "<completion>")]
async fn toggle_complete_by_post(
    user: &AuthUser,
    store: &Store,
    shape: &Shape,
    id: TaskId,
    completion: Body<CompletionBody>,
) -> TaskResult {
    complete(user, store, shape, id, completion).await
}

#[patch("/<id>/toggle-status", data = "<completion>")]
async fn toggle_status(
    user: &AuthUser,
    store: &Store,
    shape: &Shape,
    id: TaskId,
    completion: Body<CompletionBody>,
) -> TaskResult {
    complete(user, store, shape, id, completion).await
}

#[post("/<id>/toggle-status", data = "<completion>")]
async fn toggle_status_by_post(
    user: &AuthUser,
    store: &Store,
    shape: &Shape,
    id: TaskId,
    completion: Body<CompletionBody>,
) -> TaskResult {
    complete(user, store, shape, id, completion).await
}
