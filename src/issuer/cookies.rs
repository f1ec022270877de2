//! Session cookies, with Better Auth's names and attributes, and the cookie of `auth.cookie`.

use rocket::http::RawStr;
use rocket::request::Request;

use super::cookie_signer::CookieSigner;
use super::request_context::RequestContext;
use super::store::SESSION_TTL;
use super::token_issuer::IssuedToken;
use crate::config::CookieName;

const SESSION_TOKEN: &str = "session_token";
/// Copy of the session that Better Auth can be configured to set. This server only clears it.
const SESSION_DATA: &str = "session_data";
/// Marks a session without "remember me": its cookies end with the browser session.
const DONT_REMEMBER: &str = "dont_remember";

/// The session token in the request's cookies.
pub(super) fn session_token(
    request: &Request<'_>,
    context: &RequestContext<'_>,
    signer: &CookieSigner,
) -> Option<String> {
    signer.verify(value(request, context, SESSION_TOKEN)?)
}

pub(super) fn has_dont_remember_cookie(
    request: &Request<'_>,
    context: &RequestContext<'_>,
    signer: &CookieSigner,
) -> bool {
    value(request, context, DONT_REMEMBER).and_then(|value| signer.verify(value)).is_some()
}

/// Whether the request has a cookie that may authenticate it: the session cookie, or that of `auth.cookie`.
pub(super) fn has_credential(request: &Request<'_>, context: &RequestContext<'_>) -> bool {
    let token = context.token_cookie().and_then(|name| named_value(request, name.as_str()));
    token.or_else(|| value(request, context, SESSION_TOKEN)).is_some()
}

/// `Set-Cookie` values of a sign-in.
pub(super) fn signed_in(
    context: &RequestContext<'_>,
    signer: &CookieSigner,
    token: &str,
    remember_me: bool,
) -> Vec<String> {
    let max_age = remember_me.then(|| SESSION_TTL.num_seconds());
    let mut cookies = vec![cookie(context, SESSION_TOKEN, &signer.sign(token), max_age)];
    if !remember_me {
        cookies.push(cookie(context, DONT_REMEMBER, &signer.sign("true"), None));
    }
    cookies
}

/// `Set-Cookie` values of a sign-out.
pub(super) fn signed_out(context: &RequestContext<'_>) -> Vec<String> {
    [SESSION_TOKEN, SESSION_DATA, DONT_REMEMBER].map(|name| cookie(context, name, "", Some(0))).to_vec()
}

/// `Set-Cookie` value with an API token, for the setting `auth.cookie`.
pub(super) fn api_token(context: &RequestContext<'_>, name: &CookieName, token: &IssuedToken) -> String {
    let max_age = i64::try_from(token.lifetime.as_secs()).ok();
    named_cookie(context, name.as_str(), &token.jwt, max_age)
}

/// `Set-Cookie` value that clears the API token.
pub(super) fn no_api_token(context: &RequestContext<'_>, name: &CookieName) -> String {
    named_cookie(context, name.as_str(), "", Some(0))
}

/// Adds Better Auth's prefix, and `__Secure-` behind HTTPS. Browsers accept a cookie with that prefix only over TLS.
fn full_name(context: &RequestContext<'_>, name: &str) -> String {
    let prefix = if context.is_secure() { "__Secure-" } else { "" };
    format!("{prefix}better-auth.{name}")
}

fn cookie(context: &RequestContext<'_>, name: &str, value: &str, max_age: Option<i64>) -> String {
    named_cookie(context, &full_name(context, name), value, max_age)
}

fn named_cookie(context: &RequestContext<'_>, name: &str, value: &str, max_age: Option<i64>) -> String {
    let value = RawStr::new(value).percent_encode();
    let max_age = max_age.map(|seconds| format!("Max-Age={seconds}; ")).unwrap_or_default();
    let secure = if context.is_secure() { "Secure; " } else { "" };
    format!("{name}={value}; {max_age}Path=/; HttpOnly; {secure}SameSite=Lax")
}

fn value<'r>(request: &'r Request<'_>, context: &RequestContext<'_>, name: &str) -> Option<&'r str> {
    named_value(request, &full_name(context, name))
}

fn named_value<'r>(request: &'r Request<'_>, name: &str) -> Option<&'r str> {
    let headers = request.headers().get("Cookie");
    let mut pairs = headers.flat_map(|header| header.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.find(|(other, _)| other.trim() == name).map(|(_, value)| value.trim())
}
