//! Request bodies: JSON, or forms for sign-up and sign-in. Validation errors have the wording of Better Auth's validator (zod).

use multer::Multipart;
use rocket::data::{self, Data, FromData};
use rocket::outcome::Outcome;
use rocket::request::Request;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::error::AuthError;
use super::store::Patch;
use super::username::{LoginName, USERNAME_MESSAGE, Username};
use crate::request::read_body;

/// Validation message for text with U+0000, which PostgreSQL cannot store.
pub(super) const NUL_MESSAGE: &str = "Invalid string: must not include U+0000";

/// Maximum length of an email, in characters
/// ([RFC 5321, 4.5.3.1.3](https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.3), without the angle brackets).
pub(super) const MAX_EMAIL_LEN: usize = 254;

/// Maximum length of a name, in UTF-16 code units.
pub(super) const MAX_NAME_LEN: usize = 255;

/// Maximum length of a URL, in UTF-16 code units. API tokens contain the image URL, and proxies reject headers of more than about 8 KiB.
pub(super) const MAX_URL_LEN: usize = 2048;

/// A type that can be read from the fields of a body.
pub(super) trait FromFields: Sized {
    /// The formats that the body may have.
    const FORMATS: BodyFormats = BodyFormats::Json;

    /// Takes the known fields. Unknown fields are ignored.
    fn from_fields(fields: &mut Fields) -> Self;
}

/// Data guard: a validated body.
#[derive(Debug)]
pub(super) struct AuthBody<T>(pub(super) T);

#[rocket::async_trait]
impl<'r, T: FromFields> FromData<'r> for AuthBody<T> {
    type Error = ();

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> data::Outcome<'r, Self> {
        let read = async {
            let format = Format::of_request(request, T::FORMATS)?;
            let body = read_body(request, data).await?;
            let accepts_usernames = request.rocket().state::<AcceptsUsernames>().is_some();
            let object = parse(format, &body).await?;
            validate(Fields { object, accepts_usernames, errors: Vec::new() })
        };
        match read.await {
            Ok(value) => Outcome::Success(Self(value)),
            Err(error) => Outcome::Error((error.record(request), ())),
        }
    }
}

/// The formats that a route accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyFormats {
    /// JSON only.
    Json,
    /// JSON and URL-encoded forms, as Better Auth.
    JsonAndUrlEncoded,
    /// JSON, URL-encoded forms and multipart forms, as FastAPI.
    JsonAndAnyForm,
}

impl BodyFormats {
    /// The media types, for error messages.
    fn media_types(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::JsonAndUrlEncoded => "application/x-www-form-urlencoded, application/json",
            Self::JsonAndAnyForm => {
                "application/x-www-form-urlencoded, multipart/form-data, application/json"
            }
        }
    }
}

/// The format of a body.
enum Format {
    Json,
    Form,
    /// A multipart form with this boundary.
    Multipart(String),
}

impl Format {
    /// The format that `Content-Type` names. Without that header the body is JSON.
    fn of_request(request: &Request<'_>, accepted: BodyFormats) -> Result<Self, AuthError> {
        match request.content_type() {
            Some(content_type) if content_type.is_form() && accepted != BodyFormats::Json => Ok(Self::Form),
            Some(content_type) if content_type.is_form_data() && accepted == BodyFormats::JsonAndAnyForm => {
                content_type
                    .param("boundary")
                    .map(str::to_owned)
                    .map(Self::Multipart)
                    .ok_or(AuthError::InvalidForm)
            }
            Some(content_type) if !content_type.is_json() => {
                let received = content_type.media_type().to_string();
                Err(AuthError::UnsupportedMediaType(received, accepted.media_types()))
            }
            _ => Ok(Self::Json),
        }
    }
}

async fn parse(format: Format, body: &[u8]) -> Result<Map<String, Value>, AuthError> {
    match format {
        // An empty body has no fields. Validation then reports each required field as missing.
        Format::Json if body.is_empty() => Ok(Map::new()),
        Format::Json => match serde_json::from_slice(body).map_err(|_| AuthError::InvalidJson)? {
            Value::Object(object) => Ok(object),
            other => {
                let received = js_type_name(Some(&other));
                let message = format!("[body] Invalid input: expected object, received {received}");
                Err(AuthError::Validation(message))
            }
        },
        Format::Form => {
            let fields = form_urlencoded::parse(body);
            Ok(fields.map(|(name, value)| (name.into_owned(), value.into())).collect())
        }
        Format::Multipart(boundary) => parse_multipart(boundary, body).await.ok_or(AuthError::InvalidForm),
    }
}

fn validate<T: FromFields>(mut fields: Fields) -> Result<T, AuthError> {
    let value = T::from_fields(&mut fields);
    if fields.errors.is_empty() { Ok(value) } else { Err(AuthError::Validation(fields.errors.join("; "))) }
}

/// The fields of a multipart form. `None` if the body is malformed or a field is not UTF-8.
async fn parse_multipart(boundary: String, body: &[u8]) -> Option<Map<String, Value>> {
    let mut form = Multipart::with_reader(body, boundary);
    let mut fields = Map::new();
    while let Some(field) = form.next_field().await.ok()? {
        let Some(name) = field.name().map(str::to_owned) else { continue };
        let text = String::from_utf8(field.bytes().await.ok()?.into()).ok()?;
        fields.insert(name, text.into());
    }
    Some(fields)
}

/// Fields of a body.
///
/// The methods collect errors, so that one response reports all of them. A method that finds an error returns a placeholder, which is
/// dropped with the value built from it.
#[derive(Debug)]
pub(super) struct Fields {
    object: Map<String, Value>,
    accepts_usernames: bool,
    errors: Vec<String>,
}

/// Marks a server whose login routes accept user names, by `issuer.usernames`.
#[derive(Debug)]
pub(super) struct AcceptsUsernames;

impl Fields {
    pub(super) fn string(&mut self, name: &str) -> String {
        match self.object.remove(name) {
            Some(Value::String(text)) => {
                if text.contains('\0') {
                    self.errors.push(format!("[body.{name}] {NUL_MESSAGE}"));
                }
                text
            }
            other => {
                self.type_error(name, "string", other.as_ref());
                String::new()
            }
        }
    }

    pub(super) fn optional_string(&mut self, name: &str) -> Option<String> {
        self.object.contains_key(name).then(|| self.string(name))
    }

    /// A string of at most `max_len` UTF-16 code units, the unit of JavaScript's `length`.
    pub(super) fn bounded_string(&mut self, name: &str, max_len: usize) -> String {
        let text = self.string(name);
        if text.encode_utf16().count() > max_len {
            let message = format!("[body.{name}] Too big: expected string to have <={max_len} characters");
            self.errors.push(message);
        }
        text
    }

    pub(super) fn optional_bounded_string(&mut self, name: &str, max_len: usize) -> Option<String> {
        self.object.contains_key(name).then(|| self.bounded_string(name, max_len))
    }

    /// A string of at most `max_len` UTF-16 code units, or `null` to clear the stored value.
    pub(super) fn nullable_string(&mut self, name: &str, max_len: usize) -> Patch {
        match self.object.get(name) {
            None => Patch::Unchanged,
            Some(Value::Null) => Patch::Set(None),
            Some(_) => Patch::Set(Some(self.bounded_string(name, max_len))),
        }
    }

    pub(super) fn optional_bool(&mut self, name: &str) -> Option<bool> {
        match self.object.remove(name) {
            None => None,
            Some(Value::Bool(value)) => Some(value),
            other => {
                self.type_error(name, "boolean", other.as_ref());
                None
            }
        }
    }

    /// A well-formed email, converted to lower case.
    pub(super) fn email(&mut self, name: &str) -> String {
        let errors_before = self.errors.len();
        let email = self.string(name);
        if self.errors.len() == errors_before && !is_email(&email) {
            self.errors.push(format!("[body.{name}] Invalid email address"));
        }
        email.to_lowercase()
    }

    pub(super) fn non_empty_string(&mut self, name: &str) -> String {
        let errors_before = self.errors.len();
        let text = self.string(name);
        if self.errors.len() == errors_before && text.is_empty() {
            self.errors.push(format!("[body.{name}] Too small: expected string to have >=1 characters"));
        }
        text
    }

    /// Whether a field has a user name, which has no `@`. No field has one unless `issuer.usernames` is set.
    pub(super) fn has_username(&self, name: &str) -> bool {
        let text = self.object.get(name).and_then(Value::as_str);
        self.accepts_usernames && text.is_some_and(|text| !text.contains('@'))
    }

    /// The user name in a field. `None` for an invalid user name, which is an error.
    pub(super) fn username(&mut self, name: &str) -> Option<Username> {
        let username = Username::parse(&self.string(name));
        if username.is_none() {
            self.errors.push(format!("[body.{name}] {USERNAME_MESSAGE}"));
        }
        username
    }

    /// The email or, if the server accepts it, the user name in a field.
    pub(super) fn login_name(&mut self, name: &str) -> LoginName {
        if !self.has_username(name) {
            return LoginName::Email(self.email(name));
        }
        self.username(name).map_or(LoginName::Email(String::new()), LoginName::Username)
    }

    /// Removes a field that is empty, so that it counts as missing.
    pub(super) fn remove_empty(&mut self, name: &str) {
        if self.object.get(name).is_some_and(|value| value == "") {
            self.object.remove(name);
        }
    }

    /// Removes the fields that are `null`, so that they count as missing.
    pub(super) fn remove_nulls(&mut self) {
        self.object.retain(|_, value| !value.is_null());
    }

    /// Gives a missing field the text of another field.
    pub(super) fn fill(&mut self, missing: &str, other: &str) {
        if !self.contains(missing)
            && let Some(Value::String(text)) = self.object.get(other)
        {
            let text = text.clone();
            self.object.insert(missing.to_owned(), text.into());
        }
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    fn type_error(&mut self, name: &str, expected: &str, received: Option<&Value>) {
        let received = js_type_name(received);
        self.errors.push(format!("[body.{name}] Invalid input: expected {expected}, received {received}"));
    }
}

/// JavaScript's name for the type of a value.
fn js_type_name(value: Option<&Value>) -> &'static str {
    match value {
        None => "undefined",
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "boolean",
        Some(Value::Number(_)) => "number",
        Some(Value::String(_)) => "string",
        Some(Value::Array(_)) => "array",
        Some(Value::Object(_)) => "object",
    }
}

/// Whether text is an email, by the rules of Better Auth's validator (zod) and the maximum length of RFC 5321.
///
/// zod is stricter than the RFC. Before the `@` it accepts letters, digits and `_'+-.`, but no dot at the start or next to another dot,
/// and neither a dot nor an apostrophe at the end. After the `@` it requires a domain with at least two labels.
pub(super) fn is_email(text: &str) -> bool {
    if text.len() > MAX_EMAIL_LEN {
        return false;
    }
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_local_char = |c: char| c.is_ascii_alphanumeric() || "_'+-.".contains(c);
    let is_local = local.chars().all(is_local_char)
        && !local.starts_with('.')
        && !text.contains("..")
        && local.ends_with(|c: char| is_local_char(c) && c != '.' && c != '\'');
    let Some((labels, top_level)) = domain.rsplit_once('.') else { return false };
    let is_label = |label: &str| {
        label.starts_with(|c: char| c.is_ascii_alphanumeric())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    is_local
        && labels.split('.').all(is_label)
        && top_level.len() >= 2
        && top_level.chars().all(|c| c.is_ascii_alphabetic())
}
