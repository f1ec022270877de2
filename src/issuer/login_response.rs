//! Responses of the login routes, by the templates of `issuer.login_response` and `issuer.me_response`.

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::cookies;
use super::error::AuthError;
use super::request_context::RequestContext;
use super::response::AuthResponse;
use super::store::{AuthStore, User};
use super::token_issuer::IssuedToken;
use crate::clock;
use crate::config::{Config, CookieName, LoginPlaceholder, Template, UserPlaceholder};

/// The templates, managed by Rocket.
#[derive(Debug)]
pub(super) struct LoginResponses {
    login: Template<LoginPlaceholder>,
    me: Template<UserPlaceholder>,
    /// The setting `auth.cookie`.
    cookie: Option<CookieName>,
    /// The setting `issuer.usernames`.
    usernames: bool,
}

/// A user as the login routes show it.
#[derive(Debug, Serialize)]
pub(super) struct LoginUser {
    #[serde(flatten)]
    user: User,
    /// `None` if the server has no user names, and null for a user without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<Value>,
}

impl LoginResponses {
    pub(super) fn new(config: &Config) -> Self {
        let (issuer, auth) = (&config.issuer, &config.auth);
        Self {
            login: issuer.login_response.clone(),
            me: issuer.me_response.clone(),
            cookie: auth.cookie.clone(),
            usernames: issuer.usernames,
        }
    }

    /// Reads the user name, if the server has user names.
    pub(super) async fn user(&self, store: AuthStore<'_>, user: User) -> Result<LoginUser, AuthError> {
        let username = if self.usernames { Some(store.username(&user.id).await?.into()) } else { None };
        Ok(LoginUser { user, username })
    }

    /// The response to a sign-up or sign-in.
    pub(super) fn logged_in(
        &self,
        context: &RequestContext<'_>,
        token: &IssuedToken,
        user: &LoginUser,
    ) -> AuthResponse {
        let values = &LoginValues { token, user };
        let response = AuthResponse::json(&Filled { template: &self.login, values });
        let cookie = self.cookie.as_ref().map(|name| cookies::api_token(context, name, token));
        response.with_cookies(cookie)
    }

    /// Clears the cookie of a response to a sign-out.
    pub(super) fn logged_out(&self, context: &RequestContext<'_>, response: AuthResponse) -> AuthResponse {
        response.with_cookies(self.cookie.as_ref().map(|name| cookies::no_api_token(context, name)))
    }

    /// The response with the user.
    pub(super) fn me(&self, user: &LoginUser) -> AuthResponse {
        AuthResponse::json(&Filled { template: &self.me, values: user })
    }
}

/// A template with the values for its placeholders.
pub(super) struct Filled<'a, P, V> {
    pub(super) template: &'a Template<P>,
    pub(super) values: &'a V,
}

/// Values for placeholders.
pub(super) trait Values<P> {
    fn serialize_value<S: Serializer>(&self, placeholder: P, serializer: S) -> Result<S::Ok, S::Error>;
}

/// Not by an intermediate `serde_json::Value`, which would sort the members of the user.
impl<P: Copy, V: Values<P>> Serialize for Filled<'_, P, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fill = |template| Filled { template, values: self.values };
        match self.template {
            Template::Placeholder(placeholder) => self.values.serialize_value(*placeholder, serializer),
            Template::Literal(value) => value.serialize(serializer),
            Template::Object(members) => {
                serializer.collect_map(members.iter().map(|(name, template)| (name, fill(template))))
            }
            Template::Array(items) => serializer.collect_seq(items.iter().map(fill)),
        }
    }
}

struct LoginValues<'a> {
    token: &'a IssuedToken,
    user: &'a LoginUser,
}

impl Values<LoginPlaceholder> for LoginValues<'_> {
    fn serialize_value<S: Serializer>(
        &self,
        placeholder: LoginPlaceholder,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match placeholder {
            LoginPlaceholder::Token => self.token.jwt.serialize(serializer),
            LoginPlaceholder::ExpiresIn => self.token.lifetime.as_secs().serialize(serializer),
            LoginPlaceholder::ExpiresAt => serialize_time(self.token.expires_at, serializer),
            LoginPlaceholder::User(placeholder) => self.user.serialize_value(placeholder, serializer),
        }
    }
}

fn serialize_time<S: Serializer>(time: DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    clock::serialize_rfc3339_millis(&time, serializer)
}

impl Values<UserPlaceholder> for LoginUser {
    fn serialize_value<S: Serializer>(
        &self,
        placeholder: UserPlaceholder,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match placeholder {
            UserPlaceholder::All => self.serialize(serializer),
            UserPlaceholder::Id => self.user.id.serialize(serializer),
            UserPlaceholder::Email => self.user.email.serialize(serializer),
            UserPlaceholder::Name => self.user.name.serialize(serializer),
            UserPlaceholder::Username => self.username.serialize(serializer),
            UserPlaceholder::CreatedAt => serialize_time(self.user.created_at, serializer),
            UserPlaceholder::UpdatedAt => serialize_time(self.user.updated_at, serializer),
        }
    }
}
