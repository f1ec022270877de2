//! Sign-up and sign-in with email or user name, and password.

use std::sync::Arc;

use rocket::async_trait;
use rocket::http::Status;
use rocket::outcome::{Outcome, try_outcome};
use rocket::request::{self, FromRequest, Request};

use super::error::AuthError;
use super::password_hasher::{PasswordHasher, check_max_password_length, check_new_password_length};
use super::rate_limit::{Attempt, RateLimiter};
use super::request_context::{ClientInfo, RequestContext};
use super::store::{AuthStore, NewUser, Session, User};
use super::username::LoginName;

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
        self.check_is_free(&new).await?;
        let hash = self.hasher.hash(self.attempt, password).await?;
        let username = new.username.clone();
        let user = User::new(new);
        let session = Session::new(&user.id, client, remember_me);
        // `false` for the later of two concurrent requests with the same email or user name.
        let is_inserted = match &username {
            Some(name) => self.store.insert_user_with_username(&user, name, &hash, &session).await?,
            None => self.store.insert_user_with_session(&user, &hash, &session).await?,
        };
        if is_inserted { Ok((user, session)) } else { Err(AuthError::UserAlreadyExists) }
    }

    /// Checks that neither the email nor the user name is taken.
    async fn check_is_free(&self, new: &NewUser) -> Result<(), AuthError> {
        if let Some(email) = &new.email
            && self.store.user_by_email(email).await?.is_some()
        {
            return Err(AuthError::UserAlreadyExists);
        }
        if let Some(username) = &new.username
            && self.store.user_by_username(username).await?.is_some()
        {
            return Err(AuthError::UsernameTaken);
        }
        Ok(())
    }

    /// Verifies email or user name, and password, and creates a session.
    pub(super) async fn sign_in(
        &self,
        name: &LoginName,
        password: &str,
        client: ClientInfo,
        remember_me: bool,
    ) -> Result<(User, Session), AuthError> {
        check_max_password_length(password)?;
        let (user, error) = match name {
            LoginName::Email(email) => {
                (self.store.user_by_email(email).await?, AuthError::InvalidEmailOrPassword)
            }
            LoginName::Username(name) => {
                (self.store.user_by_username(name).await?, AuthError::InvalidUsernameOrPassword)
            }
        };
        let is_right = match &user {
            Some(user) => self.verify_password(user, password).await?,
            None => None,
        };
        let user = match (user, is_right) {
            (Some(user), Some(true)) => user,
            (_, Some(_)) => return Err(error),
            (_, None) => {
                // An unknown name takes as long as a known one. Otherwise the response time would reveal which names are known.
                self.hasher.hash(self.attempt, password).await?;
                return Err(error);
            }
        };
        let session = Session::new(&user.id, client, remember_me);
        // `false` if the user was deleted since the password was read.
        let is_inserted = self.store.insert_session(&session).await?;
        if is_inserted { Ok((user, session)) } else { Err(error) }
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
        match limiter.attempt_of(request, context.client_ip) {
            Ok(attempt) => Outcome::Success(Self { hasher, attempt, store }),
            Err(error) => Outcome::Error((error.record(request), "too many requests")),
        }
    }
}
