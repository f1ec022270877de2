//! Error responses in Better Auth's format.

use rocket::http::{Method, Status};
use rocket::request::Request;
use rocket::{Catcher, catch, catchers};

use super::error::AuthError;
use super::routes::BETTER_AUTH;
use crate::api;
use crate::config::{LoginAction, LoginPaths, LoginRoute};
use crate::fairings::{ErrorResponse, respond_with_error};
use crate::request::error_for;
use crate::shape::is_task_path;

/// The paths at which to register the catchers: Better Auth's base, and each login path that is elsewhere. Not the bases of the login
/// paths, because the base `/` or `/api` has other routes as well.
pub(super) fn paths(paths: &LoginPaths) -> Vec<String> {
    let elsewhere = paths.routes().iter().filter(|route| !route.is_beside_better_auth());
    [BETTER_AUTH.to_owned()].into_iter().chain(elsewhere.map(LoginRoute::path)).collect()
}

pub(super) fn catchers() -> Vec<Catcher> {
    catchers![error_response]
}

#[catch(default)]
async fn error_response<'r>(status: Status, request: &'r Request<'_>) -> ErrorResponse<'r> {
    let is_better_auth = request.uri().path().segments().take(2).eq(["api", "auth"]);
    let login = request.rocket().state::<LoginPaths>().and_then(|paths| paths.find(request.uri()));
    // A task path may be below a login path, as `/api/users/me/tasks` is below `/api/users`.
    if is_task_path(request) || !(is_better_auth || login.is_some()) {
        return api::respond_in_shape(status, request).await;
    }
    // Better Auth and a login route may share a path with different methods: `GET /api/auth/token` is Better Auth's, `POST` the login route's.
    // Of the login routes, only `Me` has `GET`.
    let is_better_auths_get =
        |it: &LoginRoute| is_better_auth && request.method() == Method::Get && it.action != LoginAction::Me;
    let is_login = login.is_some_and(|it| !is_better_auths_get(it));
    let error = error_for(status, request);
    let error = AuthError::recorded(request).cloned().unwrap_or_else(|| error.into());
    let body = if is_login { error.login_body() } else { error.body() };
    respond_with_error(request, error.status(), &body, |response| error.add_headers(response)).await
}
