//! Bodies: JSON, or a form where a page may send one. What is wrong with them is said as Better Auth's validator says it.

use rocket::data::{self, Data, FromData};
use rocket::outcome::Outcome;
use rocket::request::Request;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::refusal::Refusal;
use super::tables::Change;
use crate::request::read_body;

/// What is said of a text with U+0000, which PostgreSQL cannot keep.
pub(super) const NUL: &str = "Invalid string: must not include U+0000";

/// Characters of an address at most ([RFC 5321, 4.5.3.1.3](https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.3), less the brackets).
pub(super) const EMAIL_MAX: usize = 254;

/// UTF-16 units of a name at most.
pub(super) const NAME_MAX: usize = 255;

/// UTF-16 units of a URL at most. Tokens for the API carry the image's, and proxies refuse headers of more than some 8 KiB.
pub(super) const URL_MAX: usize = 2048;

/// What a body can become.
pub(super) trait Read: Sized {
    /// Whether a plain HTML form may send it.
    const IS_FORM: bool = false;

    /// Takes the fields it needs. Others are ignored.
    fn read(fields: &mut Fields) -> Self;
}

/// A body, read.
#[derive(Debug)]
pub(super) struct Input<T>(pub(super) T);

#[rocket::async_trait]
impl<'r, T: Read> FromData<'r> for Input<T> {
    type Error = ();

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> data::Outcome<'r, Self> {
        let read = async {
            let format = Format::of(request, T::IS_FORM)?;
            let body = read_body(request, data).await?;
            parse(format, &body)
        };
        match read.await {
            Ok(value) => Outcome::Success(Self(value)),
            Err(refusal) => Outcome::Error((refusal.record(request), ())),
        }
    }
}

enum Format {
    Json,
    Form,
}

impl Format {
    /// Who sends JSON may forget to say so.
    fn of(request: &Request<'_>, is_form: bool) -> Result<Self, Refusal> {
        match request.content_type() {
            Some(kind) if kind.is_form() && is_form => Ok(Self::Form),
            Some(kind) if !kind.is_json() => {
                let may = if is_form {
                    "application/x-www-form-urlencoded, application/json"
                } else {
                    "application/json"
                };
                Err(Refusal::MediaType(kind.media_type().to_string(), may))
            }
            _ => Ok(Self::Json),
        }
    }
}

fn parse<T: Read>(format: Format, body: &[u8]) -> Result<T, Refusal> {
    let object = match format {
        // No body is one without fields; that they are missing will be said.
        Format::Json if body.is_empty() => Map::new(),
        Format::Json => match serde_json::from_slice(body).map_err(|_| Refusal::NotJson)? {
            Value::Object(object) => object,
            other => {
                let message =
                    format!("[body] Invalid input: expected object, received {}", kind(Some(&other)));
                return Err(Refusal::Validation(message));
            }
        },
        Format::Form => {
            form_urlencoded::parse(body).map(|(name, value)| (name.into_owned(), value.into())).collect()
        }
    };
    let mut fields = Fields { object, wrong: Vec::new() };
    let value = T::read(&mut fields);
    if fields.wrong.is_empty() { Ok(value) } else { Err(Refusal::Validation(fields.wrong.join("; "))) }
}

/// The fields of a body. What is wrong with them is gathered, so that all of it can be said at once.
#[derive(Debug)]
pub(super) struct Fields {
    object: Map<String, Value>,
    wrong: Vec<String>,
}

impl Fields {
    pub(super) fn string(&mut self, name: &str) -> String {
        match self.object.remove(name) {
            Some(Value::String(text)) => {
                if text.contains('\0') {
                    self.wrong.push(format!("[body.{name}] {NUL}"));
                }
                text
            }
            other => {
                self.expected(name, "string", other.as_ref());
                String::new()
            }
        }
    }

    pub(super) fn optional_string(&mut self, name: &str) -> Option<String> {
        self.object.contains_key(name).then(|| self.string(name))
    }

    /// A string of at most so many UTF-16 units, which are JavaScript's characters.
    pub(super) fn string_to(&mut self, name: &str, most: usize) -> String {
        let text = self.string(name);
        if text.encode_utf16().count() > most {
            self.wrong.push(format!("[body.{name}] Too big: expected string to have <={most} characters"));
        }
        text
    }

    pub(super) fn optional_string_to(&mut self, name: &str, most: usize) -> Option<String> {
        self.object.contains_key(name).then(|| self.string_to(name, most))
    }

    /// A string of at most so many UTF-16 units, or `null` to clear what there is.
    pub(super) fn change_to(&mut self, name: &str, most: usize) -> Change {
        match self.object.get(name) {
            None => Change::Keep,
            Some(Value::Null) => Change::To(None),
            Some(_) => Change::To(Some(self.string_to(name, most))),
        }
    }

    pub(super) fn optional_bool(&mut self, name: &str) -> Option<bool> {
        match self.object.remove(name) {
            None => None,
            Some(Value::Bool(value)) => Some(value),
            other => {
                self.expected(name, "boolean", other.as_ref());
                None
            }
        }
    }

    /// An address, in lower case.
    pub(super) fn email(&mut self, name: &str) -> String {
        let before = self.wrong.len();
        let email = self.string(name);
        if self.wrong.len() == before && !is_email(&email) {
            self.wrong.push(format!("[body.{name}] Invalid email address"));
        }
        email.to_lowercase()
    }

    /// A string that is not empty.
    pub(super) fn text(&mut self, name: &str) -> String {
        let before = self.wrong.len();
        let text = self.string(name);
        if self.wrong.len() == before && text.is_empty() {
            self.wrong.push(format!("[body.{name}] Too small: expected string to have >=1 characters"));
        }
        text
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    fn expected(&mut self, name: &str, expected: &str, found: Option<&Value>) {
        let found = kind(found);
        self.wrong.push(format!("[body.{name}] Invalid input: expected {expected}, received {found}"));
    }
}

/// What JavaScript calls it.
fn kind(value: Option<&Value>) -> &'static str {
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

/// Addresses as Better Auth's validator (zod) has them, which is narrower than what mail allows: letters, digits and `_'+-.` before the
/// `@`, where no dot stands first, last or twice; after it a domain of at least two names. And of a length that mail allows.
pub(super) fn is_email(text: &str) -> bool {
    if text.len() > EMAIL_MAX {
        return false;
    }
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let mailbox = |c: char| c.is_ascii_alphanumeric() || "_'+-.".contains(c);
    let local_is_good = local.chars().all(mailbox)
        && !local.starts_with('.')
        && !text.contains("..")
        && local.ends_with(|c: char| mailbox(c) && c != '.' && c != '\'');
    let Some((names, top)) = domain.rsplit_once('.') else { return false };
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    local_is_good
        && names.split('.').all(is_name)
        && top.len() >= 2
        && top.chars().all(|c| c.is_ascii_alphabetic())
}
