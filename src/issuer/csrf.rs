//! CSRF check by `Origin`, `Referer` and `Sec-Fetch-*`, with Better Auth's rules.

use rocket::request::Request;
use url::Url;

use super::error::AuthError;
use super::request_context::RequestContext;

/// How a route signs clients in. Decides which of its requests need a trusted origin although they have no cookie.
#[derive(Debug, Clone, Copy)]
pub(super) enum SignInMethod {
    /// Not at all.
    None,
    /// By a session cookie. Another site could sign its visitors in to an account of its choice (login CSRF).
    Cookie,
    /// By a token in the response, which no other site can read.
    Token,
}

impl SignInMethod {
    /// Whether a request without a cookie needs a trusted origin.
    fn needs_origin_without_cookie(self, has_origin: bool, has_fetch_metadata: bool) -> bool {
        match self {
            Self::None => false,
            // A browser that hides the page's origin must not be signed in by another site's page.
            Self::Cookie => has_origin || has_fetch_metadata,
            // Node's `fetch` sends `Sec-Fetch-Mode` without `Origin`. A browser sends `Origin` with every `POST`.
            Self::Token => has_origin,
        }
    }
}

/// CSRF check of a `POST`.
///
/// A request with a cookie must come from a trusted origin. A sign-in or sign-up from a browser must do so even without a cookie. Clients that
/// send neither cookies nor `Origin`, `Referer` or `Sec-Fetch-*` headers are not browsers and pass.
pub(super) fn check_origin(
    request: &Request<'_>,
    context: &RequestContext<'_>,
    sign_in: SignInMethod,
) -> Result<(), AuthError> {
    let header = |name| request.headers().get_one(name).filter(|value| !value.trim().is_empty());
    let fetch_site = header("Sec-Fetch-Site");
    let fetch_mode = header("Sec-Fetch-Mode");
    let origin = header("Origin");
    let referrer = header("Referer");
    let has_cookie = request.headers().contains("Cookie");
    let has_fetch_metadata = [fetch_site, fetch_mode, header("Sec-Fetch-Dest")].iter().any(Option::is_some);
    let has_origin = origin.is_some() || referrer.is_some();
    if !has_cookie && !sign_in.needs_origin_without_cookie(has_origin, has_fetch_metadata) {
        return Ok(());
    }
    if !has_cookie && fetch_site == Some("cross-site") && fetch_mode == Some("navigate") {
        return Err(AuthError::CrossSiteNavigationLoginBlocked);
    }
    let origin = match origin {
        // A page with `Referrer-Policy: no-referrer` sends `Origin: null`. The browser itself reports that the page has this server's origin.
        Some("null") if fetch_site == Some("same-origin") => return Ok(()),
        Some("null") => return Err(AuthError::MissingOrNullOrigin),
        Some(origin) => origin.to_owned(),
        None => referrer
            .and_then(|url| Url::parse(url).ok())
            .map(|url| url.origin().ascii_serialization())
            .ok_or(AuthError::MissingOrNullOrigin)?,
    };
    if context.is_trusted_origin(&origin) { Ok(()) } else { Err(AuthError::InvalidOrigin) }
}
