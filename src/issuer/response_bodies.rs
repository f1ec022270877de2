//! Bodies of successful responses.

use serde::Serialize;
use utoipa::ToSchema;

use super::store::{Session, User};

/// Response to a sign-up or a password change.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedUp)]
pub(super) struct SignUpResponse<'a> {
    /// Token of the new session. `null` if there is no new session.
    #[schema(required, example = "KC01ogLqXDigWwndF1i3lqPlzwxGFOPU")]
    pub(super) token: Option<&'a str>,
    pub(super) user: &'a User,
}

/// Response to a sign-in.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedIn)]
pub(super) struct SignInResponse<'a> {
    /// Whether the client must redirect to `url`.
    pub(super) redirect: bool,
    /// Token of the session.
    #[schema(example = "KC01ogLqXDigWwndF1i3lqPlzwxGFOPU")]
    pub(super) token: &'a str,
    /// The request's `callbackURL`, normalized.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) url: Option<&'a str>,
    pub(super) user: &'a User,
}

/// The current session and its user. Without a session, the user of an API token.
#[derive(Serialize, ToSchema)]
#[schema(as = SessionAndUser)]
pub(super) struct SessionAndUser<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) session: Option<&'a Session>,
    pub(super) user: &'a User,
}

/// A token for the task API.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiToken)]
pub(super) struct ApiToken<'a> {
    /// JWT for the `Authorization` header.
    pub(super) token: &'a str,
}

/// `{"status": true}`
#[derive(Serialize, ToSchema)]
#[schema(as = Done)]
pub(super) struct StatusResponse {
    pub(super) status: bool,
    /// Optional message for the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) message: Option<&'static str>,
}

/// `{"success": true}`
#[derive(Serialize, ToSchema)]
#[schema(as = Succeeded)]
pub(super) struct SuccessResponse {
    pub(super) success: bool,
    /// Optional message for the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) message: Option<&'static str>,
}
