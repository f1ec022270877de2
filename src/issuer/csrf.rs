//! CSRF check by `Origin`, `Referer` and `Sec-Fetch-*`, with Better Auth's rules.

use rocket::request::Request;
use url::Url;

use super::cookies;
use super::error::AuthError;
use super::request_context::RequestContext;

/// The protocol of a route. Decides which of its requests need a trusted origin.
#[derive(Debug, Clone, Copy)]
pub(super) enum Protocol {
    /// Better Auth's: a sign-in sets a session cookie. Another site could sign its visitors in to an account of its choice (login CSRF).
    BetterAuth,
    /// That of the login routes: a sign-in responds with a token, which no other site can read.
    Login,
}

impl Protocol {
    /// Whether a request has a cookie that counts.
    fn has_cookie(self, request: &Request<'_>, context: &RequestContext<'_>) -> bool {
        match self {
            Self::BetterAuth => request.headers().contains("Cookie"),
            // Node's `fetch` may forward the cookies of a frontend of another site, which authenticate nobody here.
            Self::Login => cookies::has_credential(request, context),
        }
    }

    /// Whether a request without a cookie needs a trusted origin.
    fn needs_origin_without_cookie(
        self,
        signs_in: bool,
        has_origin_or_referrer: bool,
        has_fetch_metadata: bool,
    ) -> bool {
        match self {
            // Another site's page must sign no browser in. A browser that hides the page's origin still sends `Sec-Fetch-*`.
            Self::BetterAuth => signs_in && (has_origin_or_referrer || has_fetch_metadata),
            // Node's `fetch` sends `Sec-Fetch-Mode` without `Origin`. A browser sends `Origin` with every `POST`, and another site's page
            // must sign nobody out either.
            Self::Login => has_origin_or_referrer,
        }
    }
}

/// CSRF check of a request that may change something, by the rules of the protocol.
///
/// A request with a cookie must come from a trusted origin. Without a cookie, a sign-in or sign-up of Better Auth from a browser must do so, and
/// every request of the login routes that has an origin. Clients that send neither cookies nor `Origin`, `Referer` or `Sec-Fetch-*` headers are not
/// browsers and pass.
pub(super) fn check_csrf(
    request: &Request<'_>,
    context: &RequestContext<'_>,
    protocol: Protocol,
    signs_in: bool,
) -> Result<(), AuthError> {
    let header = |name| request.headers().get_one(name).filter(|value| !value.trim().is_empty());
    let fetch_site = header("Sec-Fetch-Site");
    let fetch_mode = header("Sec-Fetch-Mode");
    let origin = header("Origin");
    let referrer = header("Referer");
    let has_cookie = protocol.has_cookie(request, context);
    let has_fetch_metadata = [fetch_site, fetch_mode, header("Sec-Fetch-Dest")].iter().any(Option::is_some);
    let has_origin_or_referrer = origin.is_some() || referrer.is_some();
    if !has_cookie
        && !protocol.needs_origin_without_cookie(signs_in, has_origin_or_referrer, has_fetch_metadata)
    {
        return Ok(());
    }
    // A form of another site. Better Auth responds to it with an error of its own, before it compares the origin.
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
