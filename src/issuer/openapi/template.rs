//! Schemas and examples of responses that are templates.

use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{
    AllOfBuilder, KnownFormat, Object, ObjectBuilder, Ref, RefOr, Schema, SchemaFormat, Type,
};

use super::operations::{ID, JWT, schema_ref, user};
use crate::config::{IssuerConfig, LoginPlaceholder, UserPlaceholder};
use crate::docs::template_schema;
use crate::issuer::login_response::{Filled, Values};
use crate::issuer::store::User;

/// The component with the schema of the response to a sign-up or sign-in.
const LOGGED_IN: &str = "LoggedIn";

/// Name and schema of that component.
pub(super) fn login_component(settings: &IssuerConfig) -> (String, RefOr<Schema>) {
    let placeholder = |it| login_placeholder(it, settings.usernames);
    (LOGGED_IN.to_owned(), template_schema(&settings.login_response, &placeholder))
}

/// Schema and example of the response to a sign-up or sign-in.
pub(super) fn login_response(settings: &IssuerConfig) -> (RefOr<Schema>, Value) {
    let values = &Example { usernames: settings.usernames };
    (Ref::from_schema_name(LOGGED_IN).into(), json!(Filled { template: &settings.login_response, values }))
}

/// Schema and example of the response with the user.
pub(super) fn me_response(settings: &IssuerConfig) -> (RefOr<Schema>, Value) {
    let (template, values) = (&settings.me_response, &Example { usernames: settings.usernames });
    let placeholder = |it| user_placeholder(it, settings.usernames);
    (template_schema(template, &placeholder), json!(Filled { template, values }))
}

fn login_placeholder(placeholder: LoginPlaceholder, usernames: bool) -> RefOr<Schema> {
    let (kind, description) = match placeholder {
        LoginPlaceholder::User(placeholder) => return user_placeholder(placeholder, usernames),
        LoginPlaceholder::Token => (Type::String, "JWT for the `Authorization` header."),
        LoginPlaceholder::ExpiresIn => (Type::Integer, "Seconds until the token expires."),
        LoginPlaceholder::ExpiresAt => (Type::String, "Time at which the token expires."),
    };
    let schema = ObjectBuilder::new().schema_type(kind).description(Some(description));
    let is_time = matches!(placeholder, LoginPlaceholder::ExpiresAt);
    schema.format(is_time.then_some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).build().into()
}

fn user_placeholder(placeholder: UserPlaceholder, usernames: bool) -> RefOr<Schema> {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    match placeholder {
        UserPlaceholder::All if usernames => {
            let username = ObjectBuilder::new().property("username", username()).required("username");
            Schema::AllOf(AllOfBuilder::new().item(schema_ref::<User>()).item(username).build()).into()
        }
        UserPlaceholder::All => schema_ref::<User>(),
        UserPlaceholder::Id | UserPlaceholder::Email | UserPlaceholder::Name => text().build().into(),
        UserPlaceholder::Username => username().into(),
        UserPlaceholder::CreatedAt | UserPlaceholder::UpdatedAt => {
            text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).build().into()
        }
    }
}

fn username() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .description(Some("User name in lower case. Null for a user who signed up by email only."))
        .build()
}

/// Values of the examples.
struct Example {
    usernames: bool,
}

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
            UserPlaceholder::All => {
                let mut user = user();
                if let Some(user) = user.as_object_mut().filter(|_| self.usernames) {
                    user.insert("username".to_owned(), "ann".into());
                }
                user.serialize(serializer)
            }
            UserPlaceholder::Id => ID.serialize(serializer),
            UserPlaceholder::Email => "ann@example.com".serialize(serializer),
            UserPlaceholder::Name => "Ann".serialize(serializer),
            UserPlaceholder::Username => "ann".serialize(serializer),
            UserPlaceholder::CreatedAt | UserPlaceholder::UpdatedAt => {
                "2026-11-21T06:18:30.512Z".serialize(serializer)
            }
        }
    }
}
