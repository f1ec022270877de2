//! The caller's tasks.

use rocket::response::status::{Created, NoContent};
use rocket::serde::json::Json;
use rocket::{Route, delete, get, patch, post, put, routes};

use super::body::WithStatus;
use super::envelope::{Answer, Envelope, PageView, TaskView, data};
use super::query::ListQuery;
use crate::auth::AuthUser;
use crate::problem::Problem;
use crate::request::{Body, NoBody};
use crate::store::{Store, UserTasks};
use crate::task::{Changes, Completion, NewTask, TaskId};

pub(super) fn routes() -> Vec<Route> {
    routes![list, create, show, replace, update, remove, complete]
}

#[get("/tasks")]
async fn list(user: &AuthUser, query: ListQuery, store: &Store) -> Answer<PageView> {
    let found = store.of(user);
    let tasks = found.page(query.filter, query.page).await?;
    let total = match query.page.total_if_last(tasks.len()) {
        Some(total) => total,
        None => found.count(query.filter).await?,
    };
    Ok(data(PageView::new(tasks, total, query.page)))
}

#[post("/tasks", data = "<new>")]
async fn create(
    user: &AuthUser,
    store: &Store,
    new: Body<WithStatus<NewTask>>,
) -> Result<Created<Json<Envelope<TaskView>>>, Problem> {
    let task = store.of(user).create(&new.0.0).await?;
    Ok(Created::new(format!("/api/v1/tasks/{}", task.id)).body(data(task.into())))
}

#[get("/tasks/<id>")]
async fn show(user: &AuthUser, store: &Store, id: TaskId) -> Answer<TaskView> {
    let tasks = store.of(user);
    let task = or_forbidden(&tasks, id, tasks.show(id).await).await?;
    Ok(data(task.into()))
}

#[put("/tasks/<id>", data = "<changes>")]
async fn replace(
    user: &AuthUser,
    store: &Store,
    id: TaskId,
    changes: Body<WithStatus<Changes>>,
) -> Answer<TaskView> {
    update(user, store, id, changes).await
}

#[patch("/tasks/<id>", data = "<changes>")]
async fn update(
    user: &AuthUser,
    store: &Store,
    id: TaskId,
    changes: Body<WithStatus<Changes>>,
) -> Answer<TaskView> {
    let tasks = store.of(user);
    let task = or_forbidden(&tasks, id, tasks.update(id, &changes.0.0).await).await?;
    Ok(data(task.into()))
}

#[delete("/tasks/<id>", data = "<_body>")]
async fn remove(user: &AuthUser, store: &Store, id: TaskId, _body: NoBody) -> Result<NoContent, Problem> {
    let tasks = store.of(user);
    or_forbidden(&tasks, id, tasks.delete(id).await).await?;
    Ok(NoContent)
}

#[patch("/tasks/<id>/complete", data = "<completion>")]
async fn complete(
    user: &AuthUser,
    store: &Store,
    id: TaskId,
    completion: Body<WithStatus<Completion>>,
) -> Answer<TaskView> {
    let tasks = store.of(user);
    let task = or_forbidden(&tasks, id, tasks.complete(id, completion.0.0).await).await?;
    Ok(data(task.into()))
}

/// This dialect tells somebody else's task from none. It is asked only when there is none of the caller's.
async fn or_forbidden<T>(
    tasks: &UserTasks<'_>,
    id: TaskId,
    result: Result<T, Problem>,
) -> Result<T, Problem> {
    match result {
        Err(Problem::NoTask) if tasks.is_somebody_elses(id).await? => Err(Problem::NotTheOwner),
        other => other,
    }
}
