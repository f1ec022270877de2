//! The token that a request presents: in the `Authorization` header or, if `auth.cookie` has a name, in that cookie.

use rocket::http::Method;
use rocket::request::Request;

use crate::config::CookieName;
use crate::error::{ApiError, TokenError};
use crate::shape::is_task_path;

/// The cookie of `auth.cookie`, managed by Rocket if the setting has a name.
#[derive(Debug)]
pub(crate) struct TokenCookie(pub(super) CookieName);

/// The token of a request. The cookie counts only without an `Authorization` header.
pub(super) fn presented_token<'r>(request: &'r Request<'_>) -> Result<&'r str, ApiError> {
    let unauthenticated = ApiError::Unauthenticated;
    if request.headers().contains("Authorization") {
        return bearer_token(request).map_err(unauthenticated);
    }
    let token = cookie_token(request).map_err(unauthenticated)?;
    // The browser sends the cookie with a write of another site's page too, and always with the page's `Origin`. The guard has
    // rejected a disallowed origin.
    if request.method() != Method::Get && !request.headers().contains("Origin") {
        return Err(ApiError::OriginNotAllowed);
    }
    Ok(token)
}

/// Whether the request has the cookie and no `Authorization` header.
pub(crate) fn has_cookie_token(request: &Request<'_>) -> bool {
    !request.headers().contains("Authorization") && cookie_token(request).is_ok()
}

/// The bearer token of the `Authorization` header ([RFC 6750, 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)).
fn bearer_token<'r>(request: &'r Request<'_>) -> Result<&'r str, TokenError> {
    let mut headers = request.headers().get("Authorization");
    let header = headers.next().unwrap_or_default();
    // Two headers may name two callers, and a proxy may pick the other header than this server.
    if headers.next().is_some() {
        return Err(TokenError::Invalid);
    }
    match header.trim().split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("Bearer") => Ok(token.trim_start()),
        _ => Err(TokenError::Missing),
    }
}

/// The token in the cookie. It counts for `GET` of any path and for every method of the tasks. Agents have no cookies, so it does not count
/// for calls to `/mcp`.
fn cookie_token<'r>(request: &'r Request<'_>) -> Result<&'r str, TokenError> {
    let cookie = request.rocket().state::<TokenCookie>().ok_or(TokenError::Missing)?;
    if request.method() != Method::Get && !is_task_path(request) {
        return Err(TokenError::Missing);
    }
    let headers = request.headers().get("Cookie");
    let pairs = headers.flat_map(|header| header.split(';')).filter_map(|pair| pair.split_once('='));
    let mut values =
        pairs.filter(|(name, _)| name.trim() == cookie.0.as_str()).map(|(_, value)| value.trim());
    let token = values.next().filter(|value| !value.is_empty()).ok_or(TokenError::Missing)?;
    // Another host of the same site may have set the second.
    if values.next().is_some() { Err(TokenError::Invalid) } else { Ok(token) }
}
