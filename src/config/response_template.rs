//! Settings `issuer.login_response`, `issuer.me_response` and `errors` of a shape: JSON with placeholders.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// A response: JSON in which some strings are placeholders, such as `"$token"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Value", bound = "P: Placeholder")]
pub enum Template<P> {
    /// Replaced in each response.
    Placeholder(P),
    /// Any value without members.
    Literal(Value),
    /// Members by their names.
    Object(BTreeMap<String, Self>),
    /// Items.
    Array(Vec<Self>),
}

impl<P> Template<P> {
    /// The JSON with these values.
    pub(crate) fn fill(&self, value: &impl Fn(&P) -> Value) -> Value {
        match self {
            Self::Placeholder(placeholder) => value(placeholder),
            Self::Literal(literal) => literal.clone(),
            Self::Object(members) => {
                members.iter().map(|(name, template)| (name.clone(), template.fill(value))).collect()
            }
            Self::Array(items) => items.iter().map(|it| it.fill(value)).collect(),
        }
    }

    /// Whether one of the placeholders satisfies a condition.
    pub(super) fn any(&self, condition: &impl Fn(&P) -> bool) -> bool {
        match self {
            Self::Placeholder(placeholder) => condition(placeholder),
            Self::Literal(_) => false,
            Self::Object(members) => members.values().any(|it| it.any(condition)),
            Self::Array(items) => items.iter().any(|it| it.any(condition)),
        }
    }
}

/// A value that differs between responses.
pub trait Placeholder: Sized {
    /// The error for a string with a `$` that is no placeholder.
    const UNKNOWN: &'static str;

    /// The placeholder of this name, which begins with `$`.
    fn parse(name: &str) -> Option<Self>;
}

/// A value of a response to a sign-up or sign-in.
#[derive(Debug, Clone, Copy)]
pub enum LoginPlaceholder {
    /// `$token`: the API token.
    Token,
    /// `$expires_in`: seconds until the token expires.
    ExpiresIn,
    /// `$expires_at`: the time at which the token expires.
    ExpiresAt,
    /// A value of the user.
    User(UserPlaceholder),
}

/// A value of the user.
#[derive(Debug, Clone, Copy)]
pub enum UserPlaceholder {
    /// `$user`: the whole user.
    All,
    /// `$user.id`
    Id,
    /// `$user.email`
    Email,
    /// `$user.name`
    Name,
    /// `$user.username`: the user name, in servers with `issuer.usernames`.
    Username,
    /// `$user.created_at`: the time of the sign-up.
    CreatedAt,
    /// `$user.updated_at`
    UpdatedAt,
}

impl Placeholder for UserPlaceholder {
    const UNKNOWN: &'static str = "contains an unknown placeholder; use $user, or $user.id, .email, .name, .username, .created_at or .updated_at, as a whole string";

    fn parse(name: &str) -> Option<Self> {
        match name {
            "$user" => Some(Self::All),
            "$user.id" => Some(Self::Id),
            "$user.email" => Some(Self::Email),
            "$user.name" => Some(Self::Name),
            "$user.username" => Some(Self::Username),
            "$user.created_at" => Some(Self::CreatedAt),
            "$user.updated_at" => Some(Self::UpdatedAt),
            _ => None,
        }
    }
}

impl Placeholder for LoginPlaceholder {
    const UNKNOWN: &'static str = "contains an unknown placeholder; \
use $token, $expires_in, $expires_at, $user, or $user.id, .email, .name, .username, .created_at or .updated_at, as a whole string";

    fn parse(name: &str) -> Option<Self> {
        match name {
            "$token" => Some(Self::Token),
            "$expires_in" => Some(Self::ExpiresIn),
            "$expires_at" => Some(Self::ExpiresAt),
            other => UserPlaceholder::parse(other).map(Self::User),
        }
    }
}

/// The error continues a sentence that begins with the setting's name. The hint follows a semicolon.
impl<P: Placeholder> TryFrom<Value> for Template<P> {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, &'static str> {
        match value {
            Value::String(text) if text.contains('$') => {
                P::parse(&text).map(Self::Placeholder).ok_or(P::UNKNOWN)
            }
            Value::Object(members) => {
                let members = members.into_iter().map(|(name, value)| Ok((name, Self::try_from(value)?)));
                members.collect::<Result<_, _>>().map(Self::Object)
            }
            Value::Array(items) => {
                items.into_iter().map(Self::try_from).collect::<Result<_, _>>().map(Self::Array)
            }
            literal => Ok(Self::Literal(literal)),
        }
    }
}

/// `{access_token, expires_in, token, token_type, user}`. Frontends disagree on the name of the token, so it has two.
impl Default for Template<LoginPlaceholder> {
    fn default() -> Self {
        let members = [
            ("access_token", Self::Placeholder(LoginPlaceholder::Token)),
            ("expires_in", Self::Placeholder(LoginPlaceholder::ExpiresIn)),
            ("token", Self::Placeholder(LoginPlaceholder::Token)),
            ("token_type", Self::Literal("bearer".into())),
            ("user", Self::Placeholder(LoginPlaceholder::User(UserPlaceholder::All))),
        ];
        Self::Object(members.map(|(name, value)| (name.to_owned(), value)).into())
    }
}

/// The user.
impl Default for Template<UserPlaceholder> {
    fn default() -> Self {
        Self::Placeholder(UserPlaceholder::All)
    }
}
