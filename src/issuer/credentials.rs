//! Addresses and passwords: who may sign in.

use std::net::IpAddr;

use rocket::outcome::{Outcome, try_outcome};
use rocket::request::{self, FromRequest, Request};
use rocket::{State, async_trait};

use super::gate::kind_of;
use super::input::is_email;
use super::passwords::{Passwords, check_length, check_not_too_long};
use super::refusal::Refusal;
use super::site::Site;
use super::tables::{Device, Session, Tables, User};
use crate::error::ApiError;

/// What it takes to find out. Only a route whose kind counts guesses gets it, and there is no other way to a password's hash.
pub(super) struct Credentials<'r> {
    passwords: &'r Passwords,
    client: Option<IpAddr>,
    tables: Tables<'r>,
}

impl Credentials<'_> {
    /// Somebody new, signed in. The address is in lower case.
    pub(super) async fn sign_up(
        &self,
        name: String,
        email: String,
        image: Option<String>,
        password: &str,
        device: Device,
        remember: bool,
    ) -> Result<(User, Session), Refusal> {
        check_length(password)?;
        if self.tables.by_email(&email).await?.is_some() {
            return Err(Refusal::UserExists);
        }
        let hash = self.passwords.hash(self.client, password).await?;
        let user = User::new(name, email, image);
        let session = Session::new(&user, device, remember);
        // Of two who ask for one address at once the slower one is told here.
        let is_new = self.tables.sign_up(&user, &hash, &session).await?;
        if is_new { Ok((user, session)) } else { Err(Refusal::UserExists) }
    }

    /// Somebody who signed up, signed in.
    pub(super) async fn sign_in(
        &self,
        email: &str,
        password: &str,
        device: Device,
        remember: bool,
    ) -> Result<(User, Session), Refusal> {
        if !is_email(email) {
            return Err(Refusal::InvalidEmail);
        }
        check_not_too_long(password)?;
        let found = self.tables.by_email(&email.to_lowercase()).await?;
        let is_right = match &found {
            Some(user) => self.is_password(user, password).await?,
            None => None,
        };
        let user = match (found, is_right) {
            (Some(user), Some(true)) => user,
            (_, Some(_)) => return Err(Refusal::InvalidEmailOrPassword),
            (_, None) => {
                // As much work as for an address that is known, or the time would tell.
                self.passwords.hash(self.client, password).await?;
                return Err(Refusal::InvalidEmailOrPassword);
            }
        };
        let session = Session::new(&user, device, remember);
        // Not, where the user has been deleted in the meantime.
        let is_known = self.tables.insert_session(&session).await?;
        if is_known { Ok((user, session)) } else { Err(Refusal::InvalidEmailOrPassword) }
    }

    /// That this is the user's password. Asked of somebody who is signed in.
    pub(super) async fn confirm(&self, user: &User, password: &str) -> Result<(), Refusal> {
        check_not_too_long(password)?;
        match self.is_password(user, password).await? {
            Some(true) => Ok(()),
            Some(false) => Err(Refusal::InvalidPassword),
            None => Err(Refusal::NoPassword),
        }
    }

    /// `None` where there is no password.
    async fn is_password(&self, user: &User, password: &str) -> Result<Option<bool>, Refusal> {
        match self.tables.password(user).await? {
            Some(hash) => Ok(Some(self.passwords.verify(self.client, password, &hash).await?)),
            None => Ok(None),
        }
    }

    /// The hash of a password that somebody is to have from now on.
    pub(super) async fn hash_new(&self, password: &str) -> Result<String, Refusal> {
        check_length(password)?;
        self.passwords.hash(self.client, password).await
    }
}

#[async_trait]
impl<'r> FromRequest<'r> for Credentials<'r> {
    type Error = &'r str;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, &'r str> {
        if !kind_of(request).is_guess() {
            let problem =
                ApiError::Internal("the route hashes passwords and does not count guesses".to_owned());
            return Outcome::Error((Refusal::from(problem).record(request), "it does not count guesses"));
        }
        let client = try_outcome!(request.guard::<Site<'_>>().await).address;
        match (request.guard::<&State<Passwords>>().await, request.guard::<Tables<'_>>().await) {
            (Outcome::Success(passwords), Outcome::Success(tables)) => {
                Outcome::Success(Self { passwords, client, tables })
            }
            _ => Outcome::Error((rocket::http::Status::InternalServerError, "there are no credentials")),
        }
    }
}
