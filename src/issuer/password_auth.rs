//! Sign-up and sign-in with email and password.

use std::sync::Arc;

use rocket::async_trait;
use rocket::http::Status;
use rocket::outcome::{Outcome, try_outcome};
use rocket::request::{self, FromRequest, Request};

use super::error::AuthError;
use super::input::is_email;
use super::password_hasher::{PasswordHasher, check_max_password_length, check_new_password_length};
use super::rate_limit::{Attempt, RateLimiter};
use super::request_context::{ClientInfo, RequestContext};
use super::store::{AuthStore, NewUser, Session, User};

/// Request guard of every route that takes a password.
///
/// It holds the proof that the request was counted. [`super::protection`] counts the request before the guards run, in the group that the
/// route declares. A password route in a group without passwords is counted here, so no route can be forgotten.
pub(super) struct PasswordAuth<'r> {
    hasher: &'r PasswordHasher,
    attempt: &'r Attempt,
    store: AuthStore<'r>,
}

impl PasswordAuth<'_> {
    /// Creates a user and the user's first session.
    pub(super) async fn sign_up(
        &self,
        new: NewUser,
        password: &str,
        client: ClientInfo,
        remember_me: bool,
    ) -> Result<(User, Session), AuthError> {
        check_new_password_length(password)?;
        if self.store.user_by_email(&new.email).await?.is_some() {
            return Err(AuthError::UserAlreadyExists);
        }
        let hash = self.hasher.hash(self.attempt, password).await?;
        let user = User::new(new);
        let session = Session::new(&user.id, client, remember_me);
        // `false` for the later of two concurrent requests with the same email.
        let is_inserted = self.store.insert_user_with_session(&user, &hash, &session).await?;
        if is_inserted { Ok((user, session)) } else { Err(AuthError::UserAlreadyExists) }
    }

    /// Verifies email and password, and creates a session.
    pub(super) async fn sign_in(
        &self,
        email: &str,
        password: &str,
        client: ClientInfo,
        remember_me: bool,
    ) -> Result<(User, Session), AuthError> {
        if !is_email(email) {
            return Err(AuthError::InvalidEmail);
        }
        check_max_password_length(password)?;
        let user = self.store.user_by_email(&email.to_lowercase()).await?;
        let is_right = match &user {
            Some(user) => self.verify_password(user, password).await?,
            None => None,
        };
        let user = match (user, is_right) {
            (Some(user), Some(true)) => user,
            (_, Some(_)) => return Err(AuthError::InvalidEmailOrPassword),
            (_, None) => {
                // An unknown email takes as long as a known one. Otherwise the response time would reveal which emails are known.
                self.hasher.hash(self.attempt, password).await?;
                return Err(AuthError::InvalidEmailOrPassword);
            }
        };
        let session = Session::new(&user.id, client, remember_me);
        // `false` if the user was deleted since the password was read.
        let is_inserted = self.store.insert_session(&session).await?;
        if is_inserted { Ok((user, session)) } else { Err(AuthError::InvalidEmailOrPassword) }
    }

    /// Checks the password of a user who is signed in.
    pub(super) async fn verify_current_password(&self, user: &User, password: &str) -> Result<(), AuthError> {
        check_max_password_length(password)?;
        match self.verify_password(user, password).await? {
            Some(true) => Ok(()),
            Some(false) => Err(AuthError::InvalidPassword),
            None => Err(AuthError::CredentialAccountNotFound),
        }
    }

    /// Returns `None` if the user has no password.
    async fn verify_password(&self, user: &User, password: &str) -> Result<Option<bool>, AuthError> {
        match self.store.password_hash(&user.id).await? {
            Some(hash) => Ok(Some(self.hasher.verify(self.attempt, password, &hash).await?)),
            None => Ok(None),
        }
    }

    /// Checks the length of a new password and hashes it.
    pub(super) async fn hash_checked(&self, password: &str) -> Result<String, AuthError> {
        check_new_password_length(password)?;
        self.hasher.hash(self.attempt, password).await
    }
}

#[async_trait]
impl<'r> FromRequest<'r> for PasswordAuth<'r> {
    type Error = &'static str;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, &'static str> {
        let context = try_outcome!(request.guard::<RequestContext<'_>>().await);
        let store = try_outcome!(request.guard::<AuthStore<'_>>().await);
        let rocket = request.rocket();
        let (Some(hasher), Some(limiter)) =
            (rocket.state::<PasswordHasher>(), rocket.state::<Arc<RateLimiter>>())
        else {
            let missing = "missing managed state: PasswordHasher or RateLimiter";
            return Outcome::Error((Status::InternalServerError, missing));
        };
        match limiter.counted_attempt(request, context.client_ip) {
            Ok(attempt) => Outcome::Success(Self { hasher, attempt, store }),
            Err(error) => Outcome::Error((error.record(request), "too many requests")),
        }
    }
}
