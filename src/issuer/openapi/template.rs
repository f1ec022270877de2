//! Schemas and examples of responses that are templates.

use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{ArrayBuilder, KnownFormat, ObjectBuilder, Ref, RefOr, Schema, SchemaFormat, Type};

use super::operations::{ID, JWT, schema_ref, user};
use crate::config::{LoginPlaceholder, Template, UserPlaceholder};
use crate::issuer::login_response::{Filled, Values};
use crate::issuer::store::User;

/// The component with the schema of the response to a sign-up or sign-in.
const LOGGED_IN: &str = "LoggedIn";

/// Name and schema of that component.
pub(super) fn login_component(template: &Template<LoginPlaceholder>) -> (String, RefOr<Schema>) {
    (LOGGED_IN.to_owned(), schema(template, &login_placeholder))
}

/// Schema and example of the response to a sign-up or sign-in.
pub(super) fn login_response(template: &Template<LoginPlaceholder>) -> (RefOr<Schema>, Value) {
    (Ref::from_schema_name(LOGGED_IN).into(), json!(Filled { template, values: &Example }))
}

/// Schema and example of the response with the user.
pub(super) fn me_response(template: &Template<UserPlaceholder>) -> (RefOr<Schema>, Value) {
    (schema(template, &user_placeholder), json!(Filled { template, values: &Example }))
}

fn schema<P: Copy>(template: &Template<P>, placeholder: &impl Fn(P) -> RefOr<Schema>) -> RefOr<Schema> {
    match template {
        Template::Placeholder(it) => placeholder(*it),
        Template::Literal(value) => literal(value),
        Template::Object(members) => {
            let object = members.iter().fold(ObjectBuilder::new(), |object, (name, template)| {
                object.property(name, schema(template, placeholder)).required(name)
            });
            object.build().into()
        }
        // The items may have different schemas, and clients of such frontends do not depend on them.
        Template::Array(_) => ArrayBuilder::new()
            .items(ObjectBuilder::new().schema_type(SchemaType::AnyValue).build())
            .build()
            .into(),
    }
}

fn literal(value: &Value) -> RefOr<Schema> {
    let kind = match value {
        Value::Bool(_) => Type::Boolean,
        Value::Number(_) => Type::Number,
        Value::String(_) => Type::String,
        _ => Type::Null,
    };
    ObjectBuilder::new().schema_type(kind).enum_values(Some([value.clone()])).build().into()
}

fn login_placeholder(placeholder: LoginPlaceholder) -> RefOr<Schema> {
    let (kind, description) = match placeholder {
        LoginPlaceholder::User(placeholder) => return user_placeholder(placeholder),
        LoginPlaceholder::Token => (Type::String, "JWT for the `Authorization` header."),
        LoginPlaceholder::ExpiresIn => (Type::Integer, "Seconds until the token expires."),
        LoginPlaceholder::ExpiresAt => (Type::String, "Time at which the token expires."),
    };
    let schema = ObjectBuilder::new().schema_type(kind).description(Some(description));
    let is_time = matches!(placeholder, LoginPlaceholder::ExpiresAt);
    schema.format(is_time.then_some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).build().into()
}

fn user_placeholder(placeholder: UserPlaceholder) -> RefOr<Schema> {
    match placeholder {
        UserPlaceholder::All => schema_ref::<User>(),
        UserPlaceholder::Id | UserPlaceholder::Email | UserPlaceholder::Name => {
            ObjectBuilder::new().schema_type(Type::String).build().into()
        }
    }
}

/// Values of the examples.
struct Example;

impl Values<LoginPlaceholder> for Example {
    fn serialize_value<S: Serializer>(
        &self,
        placeholder: LoginPlaceholder,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match placeholder {
            LoginPlaceholder::Token => JWT.serialize(serializer),
            LoginPlaceholder::ExpiresIn => 900.serialize(serializer),
            LoginPlaceholder::ExpiresAt => "2026-11-21T06:33:30.000Z".serialize(serializer),
            LoginPlaceholder::User(placeholder) => self.serialize_value(placeholder, serializer),
        }
    }
}

impl Values<UserPlaceholder> for Example {
    fn serialize_value<S: Serializer>(
        &self,
        placeholder: UserPlaceholder,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match placeholder {
            UserPlaceholder::All => user().serialize(serializer),
            UserPlaceholder::Id => ID.serialize(serializer),
            UserPlaceholder::Email => "ann@example.com".serialize(serializer),
            UserPlaceholder::Name => "Ann".serialize(serializer),
        }
    }
}
