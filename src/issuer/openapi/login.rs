//! Operations of the login routes for the OpenAPI document.

use serde_json::{Value, json};
use utoipa::openapi::schema::AnyOfBuilder;
use utoipa::openapi::{HttpMethod, RefOr, Schema};

use super::fields::{Field, body, email, name_or_null, new_password, some_text, username};
use super::operations::{AuthOperation, missing, origin_errors, password_errors, schema_ref};
use super::template;
use crate::config::{IssuerConfig, LoginAction, LoginRoute};
use crate::issuer::error::AuthError;
use crate::issuer::password_hasher::MAX_PASSWORD_LEN;
use crate::issuer::response_bodies::SuccessResponse;

/// The operations of all login routes.
pub(super) fn operations(settings: &IssuerConfig) -> Vec<AuthOperation> {
    settings.login_paths.routes().iter().map(|route| operation(route, settings)).collect()
}

fn operation(route: &LoginRoute, settings: &IssuerConfig) -> AuthOperation {
    let base = AuthOperation {
        method: HttpMethod::Post,
        path: route.path(),
        name: operation_id(route),
        summary: "",
        body: None,
        status: "200",
        response: None,
        errors: Vec::new(),
        needs_session: false,
        is_login: true,
    };
    match route.action {
        LoginAction::SignUp => AuthOperation {
            summary: "Sign up and get an API token",
            body: Some(form(settings, |login| {
                [login, Field::required("password", new_password()), Field::optional("name", name_or_null())]
            })),
            response: Some(template::login_response(settings)),
            errors: [
                vec![AuthError::UserAlreadyExists, missing("email")],
                settings.usernames.then_some(AuthError::UsernameTaken).into_iter().collect(),
                password_errors(),
                origin_errors(),
            ]
            .concat(),
            ..base
        },
        LoginAction::SignIn => AuthOperation {
            summary: "Log in and get an API token",
            body: Some(form(settings, |login| {
                [login, Field::required("password", some_text().max_length(Some(MAX_PASSWORD_LEN)))]
            })),
            response: Some(template::login_response(settings)),
            errors: [
                vec![AuthError::InvalidEmailOrPassword, AuthError::PasswordTooLong, missing("email")],
                settings.usernames.then_some(AuthError::InvalidUsernameOrPassword).into_iter().collect(),
                origin_errors(),
            ]
            .concat(),
            ..base
        },
        LoginAction::SignOut => AuthOperation {
            summary: "Sign out of the current session",
            response: Some((schema_ref::<SuccessResponse>(), json!({ "success": true }))),
            errors: origin_errors(),
            ..base
        },
        LoginAction::Me => AuthOperation {
            method: HttpMethod::Get,
            summary: "Get the user of the session or API token",
            response: Some(template::me_response(settings)),
            needs_session: true,
            ..base
        },
    }
}

/// A body with an email or, in servers with user names, a user name.
fn form<const N: usize>(
    settings: &IssuerConfig,
    fields: impl Fn(Field) -> [Field; N],
) -> (RefOr<Schema>, Value) {
    let by_email = body(fields(Field::required("email", email())));
    let schema = if settings.usernames {
        let by_username = body(fields(Field::required("username", username())));
        Schema::AnyOf(AnyOfBuilder::new().item(by_email).item(by_username).build()).into()
    } else {
        by_email
    };
    (schema, json!({ "email": "ann@example.com", "password": "correct horse battery" }))
}

/// The id of an operation, such as `loginEmail`. Below another base than `/api/auth` it begins with the base: `authLoginEmail`,
/// `rootLogin`.
fn operation_id(route: &LoginRoute) -> String {
    let base = match route.base.as_str() {
        _ if route.is_beside_better_auth() => "",
        "/" => "root",
        base => base,
    };
    let words = base.split(|it: char| !it.is_ascii_alphanumeric()).chain(route.name.split(['/', '-']));
    words.filter(|word| !word.is_empty()).fold(String::new(), |id, word| {
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if !id.is_empty() => {
                format!("{id}{}{}", first.to_ascii_uppercase(), letters.as_str())
            }
            _ => id + word,
        }
    })
}
