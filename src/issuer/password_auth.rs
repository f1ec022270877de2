//! Addresses and passwords: who may sign in.

use std::net::IpAddr;

use rocket::outcome::{Outcome, try_outcome};
use rocket::request::{self, FromRequest, Request};
use rocket::{State, async_trait};

use super::error::AuthError;
use super::input::is_email;
use super::password_hasher::{PasswordHasher, check_length, check_max_length};
use super::protection::kind_of;
use super::request_context::RequestContext;
use super::store::{AuthStore, Device, Session, User};
use crate::problem::Problem;

/// What it takes to find out. Only a route whose kind counts guesses gets it, and there is no other way to a password's hash.
pub(super) struct PasswordAuth<'r> {
    passwords: &'r PasswordHasher,
    client: Option<IpAddr>,
    store: AuthStore<'r>,
}

impl PasswordAuth<'_> {
    /// Somebody new, signed in. The address is in lower case.
    pub(super) async fn sign_up(
        &self,
        name: String,
        email: String,
        image: Option<String>,
        password: &str,
        device: Device,
        remember: bool,
    ) -> Result<(User, Session), AuthError> {
        check_length(password)?;
        if self.store.by_email(&email).await?.is_some() {
            return Err(AuthError::UserAlreadyExists);
        }
        let hash = self.passwords.hash(self.client, password).await?;
        let user = User::new(name, email, image);
        let session = Session::new(&user, device, remember);
        // Of two who ask for one address at once the slower one is told here.
        let is_new = self.store.sign_up(&user, &hash, &session).await?;
        if is_new { Ok((user, session)) } else { Err(AuthError::UserAlreadyExists) }
    }

    /// Somebody who signed up, signed in.
    pub(super) async fn sign_in(
        &self,
        email: &str,
        password: &str,
        device: Device,
        remember: bool,
    ) -> Result<(User, Session), AuthError> {
        if !is_email(email) {
            return Err(AuthError::InvalidEmail);
        }
        check_max_length(password)?;
        let found = self.store.by_email(&email.to_lowercase()).await?;
        let is_right = match &found {
            Some(user) => self.is_password(user, password).await?,
            None => None,
        };
        let user = match (found, is_right) {
            (Some(user), Some(true)) => user,
            (_, Some(_)) => return Err(AuthError::InvalidEmailOrPassword),
            (_, None) => {
                // As much work as for an address that is known, or the time would tell.
                self.passwords.hash(self.client, password).await?;
                return Err(AuthError::InvalidEmailOrPassword);
            }
        };
        let session = Session::new(&user, device, remember);
        // Not, where the user has been deleted in the meantime.
        let is_known = self.store.insert_session(&session).await?;
        if is_known { Ok((user, session)) } else { Err(AuthError::InvalidEmailOrPassword) }
    }

    /// That this is the user's password. Asked of somebody who is signed in.
    pub(super) async fn verify_current_password(&self, user: &User, password: &str) -> Result<(), AuthError> {
        check_max_length(password)?;
        match self.is_password(user, password).await? {
            Some(true) => Ok(()),
            Some(false) => Err(AuthError::InvalidPassword),
            None => Err(AuthError::CredentialAccountNotFound),
        }
    }

    /// `None` where there is no password.
    async fn is_password(&self, user: &User, password: &str) -> Result<Option<bool>, AuthError> {
        match self.store.password(user).await? {
            Some(hash) => Ok(Some(self.passwords.verify(self.client, password, &hash).await?)),
            None => Ok(None),
        }
    }

    /// The hash of a password that somebody is to have from now on.
    pub(super) async fn hash_checked(&self, password: &str) -> Result<String, AuthError> {
        check_length(password)?;
        self.passwords.hash(self.client, password).await
    }
}

#[async_trait]
impl<'r> FromRequest<'r> for PasswordAuth<'r> {
    type Error = &'r str;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, &'r str> {
        if !kind_of(request).is_guess() {
            let problem =
                Problem::Internal("the route hashes passwords and does not count guesses".to_owned());
            return Outcome::Error((AuthError::from(problem).note(request), "it does not count guesses"));
        }
        let client = try_outcome!(request.guard::<RequestContext<'_>>().await).address;
        match (request.guard::<&State<PasswordHasher>>().await, request.guard::<AuthStore<'_>>().await) {
            (Outcome::Success(passwords), Outcome::Success(store)) => {
                Outcome::Success(Self { passwords, client, store })
            }
            _ => Outcome::Error((rocket::http::Status::InternalServerError, "there are no credentials")),
        }
    }
}
