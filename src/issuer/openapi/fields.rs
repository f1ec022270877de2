//! Schemas of request bodies: what each field may hold.

use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};

use crate::issuer::input::{EMAIL_MAX, NAME_MAX, URL_MAX};
use crate::issuer::password_hasher::{MAX_PASSWORD_LEN, MIN_PASSWORD_LEN};

/// A text without U+0000.
const TEXT: &str = r"^[^\x00]*$";

/// As `input::is_email` has it.
const EMAIL: &str =
    r"^(?!\.)(?!.*\.\.)[A-Za-z0-9_'+\-.]*[A-Za-z0-9_+\-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$";

/// A field of a body.
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

/// A body with these fields.
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

/// A text that is not empty.
pub(super) fn some_text() -> ObjectBuilder {
    text().min_length(Some(1))
}

pub(super) fn flag() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Boolean)
}

pub(super) fn email() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(EMAIL)).max_length(Some(EMAIL_MAX))
}

/// A password that is to be one.
pub(super) fn new_password() -> ObjectBuilder {
    text().min_length(Some(MIN_PASSWORD_LEN)).max_length(Some(MAX_PASSWORD_LEN))
}

/// A password that is one, or is not.
pub(super) fn password() -> ObjectBuilder {
    text().max_length(Some(MAX_PASSWORD_LEN))
}

pub(super) fn name() -> ObjectBuilder {
    text().max_length(Some(NAME_MAX))
}

/// A page to go on to: a path, or a URL of a trusted page.
pub(super) fn link() -> ObjectBuilder {
    text().max_length(Some(URL_MAX))
}

pub(super) fn image() -> ObjectBuilder {
    text().max_length(Some(URL_MAX)).description(Some("The URL of a picture"))
}

/// An image, or null to clear it.
pub(super) fn image_or_null() -> ObjectBuilder {
    image().schema_type(SchemaType::from_iter([Type::String, Type::Null]))
}
