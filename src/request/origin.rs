//! The origin of a page that may not use the API.

use rocket::request::Request;

use crate::error::ApiError;

/// Whether `fairings::Cors` has found the origin of the request disallowed.
struct OriginCheck {
    is_disallowed: bool,
}

/// Marks the origin of the request as disallowed. Call it before the request is routed, because the first call of this function or of
/// [`check_origin`] decides.
///
/// Not recorded as an error yet: routes of the issuer compare the origin themselves and may accept it.
pub(crate) fn disallow_origin(request: &Request<'_>) {
    request.local_cache(|| OriginCheck { is_disallowed: true });
}

/// Fails if the origin of the request is disallowed.
pub(crate) fn check_origin(request: &Request<'_>) -> Result<(), ApiError> {
    let check = request.local_cache(|| OriginCheck { is_disallowed: false });
    if check.is_disallowed { Err(ApiError::OriginNotAllowed) } else { Ok(()) }
}
