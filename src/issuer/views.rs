//! What answers have in them.

use serde::Serialize;
use utoipa::ToSchema;

use super::store::{Session, User};

/// After signing up, or changing the password.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedUp)]
pub(super) struct TokenAndUser<'a> {
    /// Of the session, if there is a new one.
    #[schema(required, example = "KC01ogLqXDigWwndF1i3lqPlzwxGFOPU")]
    pub(super) token: Option<&'a str>,
    pub(super) user: &'a User,
}

/// After signing in.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedIn)]
pub(super) struct SignInResponse<'a> {
    /// Whether there is a page to go to.
    pub(super) redirect: bool,
    /// Of the session.
    #[schema(example = "KC01ogLqXDigWwndF1i3lqPlzwxGFOPU")]
    pub(super) token: &'a str,
    /// That page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) url: Option<&'a str>,
    pub(super) user: &'a User,
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
#[schema(as = SessionAndUser)]
pub(super) struct SessionAndUser<'a> {
    pub(super) session: &'a Session,
    pub(super) user: &'a User,
}

/// A token for the API.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiToken)]
pub(super) struct ApiToken<'a> {
    /// A JWT.
    pub(super) token: &'a str,
}

/// After a plain login form. Some frontends look for the token under one name, some under the other.
#[derive(Serialize, ToSchema)]
#[schema(as = LoggedIn)]
pub(super) struct LoginResponse<'a> {
    /// A JWT.
    pub(super) access_token: &'a str,
    /// The same.
    pub(super) token: &'a str,
    /// `bearer`
    #[schema(example = "bearer")]
    pub(super) token_type: &'static str,
    pub(super) user: &'a User,
}

/// That it is done.
#[derive(Serialize, ToSchema)]
#[schema(as = Done)]
pub(super) struct StatusResponse {
    pub(super) status: bool,
    /// What that means, where it is not obvious.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) message: Option<&'static str>,
}

/// That it succeeded.
#[derive(Serialize, ToSchema)]
#[schema(as = Succeeded)]
pub(super) struct SuccessResponse {
    pub(super) success: bool,
    /// What that means, where it is not obvious.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) message: Option<&'static str>,
}
