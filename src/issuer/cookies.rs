//! The cookies by which browsers stay signed in, named and written as Better Auth's are.

use rocket::http::RawStr;
use rocket::request::Request;

use super::cookie_signer::CookieSigner;
use super::request_context::RequestContext;
use super::store::SESSION;

const SESSION_TOKEN: &str = "session_token";
/// A copy of the session that Better Auth can be made to keep there. Here it is only cleared.
const SESSION_DATA: &str = "session_data";
/// That the browser is to forget the session when it is closed.
const DONT_REMEMBER: &str = "dont_remember";

/// The session's token in a request's cookies.
pub(super) fn session_token(
    request: &Request<'_>,
    context: &RequestContext<'_>,
    signer: &CookieSigner,
) -> Option<String> {
    signer.verify(value(request, context, SESSION_TOKEN)?)
}

/// Whether the browser is to forget the session.
pub(super) fn has_dont_remember_cookie(
    request: &Request<'_>,
    context: &RequestContext<'_>,
    signer: &CookieSigner,
) -> bool {
    value(request, context, DONT_REMEMBER).and_then(|it| signer.verify(it)).is_some()
}

/// `Set-Cookie`s that sign in.
pub(super) fn signed_in(
    context: &RequestContext<'_>,
    signer: &CookieSigner,
    token: &str,
    remember: bool,
) -> Vec<String> {
    let lasts = remember.then(|| SESSION.num_seconds());
    let mut cookies = vec![cookie(context, SESSION_TOKEN, &signer.sign(token), lasts)];
    if !remember {
        cookies.push(cookie(context, DONT_REMEMBER, &signer.sign("true"), None));
    }
    cookies
}

/// `Set-Cookie`s that sign out.
pub(super) fn signed_out(context: &RequestContext<'_>) -> Vec<String> {
    [SESSION_TOKEN, SESSION_DATA, DONT_REMEMBER].map(|name| cookie(context, name, "", Some(0))).to_vec()
}

/// The prefix is a promise that browsers keep: such a cookie was set over TLS.
fn full_name(context: &RequestContext<'_>, name: &str) -> String {
    let prefix = if context.is_secure() { "__Secure-" } else { "" };
    format!("{prefix}better-auth.{name}")
}

fn cookie(context: &RequestContext<'_>, name: &str, value: &str, seconds: Option<i64>) -> String {
    let name = full_name(context, name);
    let value = RawStr::new(value).percent_encode();
    let lasts = seconds.map(|it| format!("Max-Age={it}; ")).unwrap_or_default();
    let secure = if context.is_secure() { "Secure; " } else { "" };
    format!("{name}={value}; {lasts}Path=/; HttpOnly; {secure}SameSite=Lax")
}

fn value<'r>(request: &'r Request<'_>, context: &RequestContext<'_>, name: &str) -> Option<&'r str> {
    let name = full_name(context, name);
    let mut pairs =
        request.headers().get("Cookie").flat_map(|it| it.split(';')).filter_map(|it| it.split_once('='));
    pairs.find(|(it, _)| it.trim() == name).map(|(_, value)| value.trim())
}
