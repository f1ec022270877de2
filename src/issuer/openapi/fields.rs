//! JSON schemas of the fields of request bodies.

use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};

use crate::issuer::input::{MAX_EMAIL_LEN, MAX_NAME_LEN, MAX_URL_LEN};
use crate::issuer::password_hasher::{MAX_PASSWORD_LEN, MIN_PASSWORD_LEN};
use crate::issuer::username::MAX_USERNAME_LEN;

/// Pattern of a text without U+0000.
const TEXT: &str = r"^[^\x00]*$";

/// Pattern with the rules of `input::is_email`.
const EMAIL: &str =
    r"^(?!\.)(?!.*\.\.)[A-Za-z0-9_'+\-.]*[A-Za-z0-9_+\-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$";

/// Pattern with the rules of [`Username`](crate::issuer::username::Username).
const USERNAME: &str = "^[A-Za-z0-9._-]+$";

/// Field of a request body.
pub(super) struct Field {
    name: &'static str,
    schema: ObjectBuilder,
    is_required: bool,
}

impl Field {
    pub(super) fn required(name: &'static str, schema: ObjectBuilder) -> Self {
        Self { name, schema, is_required: true }
    }

    pub(super) fn optional(name: &'static str, schema: ObjectBuilder) -> Self {
        Self { name, schema, is_required: false }
    }
}

/// An object schema with these fields.
pub(super) fn body(fields: impl IntoIterator<Item = Field>) -> RefOr<Schema> {
    let object = fields.into_iter().fold(ObjectBuilder::new(), |object, field| {
        let object = object.property(field.name, field.schema);
        if field.is_required { object.required(field.name) } else { object }
    });
    object.build().into()
}

pub(super) fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(TEXT))
}

/// Schema of a text that is not empty.
pub(super) fn some_text() -> ObjectBuilder {
    text().min_length(Some(1))
}

pub(super) fn flag() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Boolean)
}

pub(super) fn email() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(EMAIL)).max_length(Some(MAX_EMAIL_LEN))
}

pub(super) fn username() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(USERNAME))
        .min_length(Some(1))
        .max_length(Some(MAX_USERNAME_LEN))
}

/// Schema of a new password.
pub(super) fn new_password() -> ObjectBuilder {
    text().min_length(Some(MIN_PASSWORD_LEN)).max_length(Some(MAX_PASSWORD_LEN))
}

/// Schema of a password that is compared with a stored hash.
pub(super) fn password() -> ObjectBuilder {
    text().max_length(Some(MAX_PASSWORD_LEN))
}

pub(super) fn name() -> ObjectBuilder {
    text().max_length(Some(MAX_NAME_LEN))
}

/// Schema of a name that may be left out.
pub(super) fn name_or_null() -> ObjectBuilder {
    name().schema_type(SchemaType::from_iter([Type::String, Type::Null]))
}

/// Schema of a redirect target: a path, or a URL of a trusted origin.
pub(super) fn redirect_target() -> ObjectBuilder {
    text().max_length(Some(MAX_URL_LEN))
}

pub(super) fn image() -> ObjectBuilder {
    text().max_length(Some(MAX_URL_LEN)).description(Some("URL of a picture"))
}

/// Schema of an image URL, or `null` to clear it.
pub(super) fn image_or_null() -> ObjectBuilder {
    image().schema_type(SchemaType::from_iter([Type::String, Type::Null]))
}
