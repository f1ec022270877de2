//! User names, by which users sign in beside or without an email (`issuer.usernames`).

use super::ids::random_id;
use super::input::is_email;

/// Maximum length of a user name, in characters.
pub(super) const MAX_USERNAME_LEN: usize = 64;

/// Validation message for other texts.
pub(super) const USERNAME_MESSAGE: &str =
    "Invalid username: must have 1 to 64 letters from a to z, digits, '.', '_' or '-'";

/// The domain of the emails of users who signed up without one. No mail server can have it
/// ([RFC 2606, 2](https://www.rfc-editor.org/rfc/rfc2606#section-2)).
const NO_MAIL_DOMAIN: &str = "username.invalid";

/// A user name in lower case. It has only ASCII letters, digits, `.`, `_` and `-`, so that no two names look alike, and no `@`, so that it is
/// no email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Username(String);

impl Username {
    /// Parses a user name in upper or lower case.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_valid = (1..=MAX_USERNAME_LEN).contains(&text.len())
            && text.bytes().all(|it| it.is_ascii_alphanumeric() || b"._-".contains(&it));
        is_valid.then(|| Self(text.to_ascii_lowercase()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// By what a user signs in.
#[derive(Debug)]
pub(super) enum LoginName {
    /// An email in lower case.
    Email(String),
    Username(Username),
}

impl LoginName {
    /// Parses an email.
    pub(super) fn email(text: &str) -> Option<Self> {
        is_email(text).then(|| Self::Email(text.to_lowercase()))
    }
}

/// An email for a user without one. Better Auth's tables require an email, and no two users may have the same.
pub(crate) fn no_mail_address() -> String {
    format!("{}@{NO_MAIL_DOMAIN}", random_id().to_lowercase())
}

/// Whether mail to this address can be delivered.
pub(super) fn accepts_mail(email: &str) -> bool {
    !email.ends_with(&format!("@{NO_MAIL_DOMAIN}"))
}
