//! Operations of Better Auth's protocol for the OpenAPI document.

use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::schema::OneOfBuilder;
use utoipa::openapi::{ArrayBuilder, HttpMethod, ObjectBuilder, Ref, RefOr, Schema, Type};

use super::fields::{
    Field, body, email, flag, image, image_or_null, name, new_password, password, redirect_target, text,
};
use crate::config::IssuerConfig;
use crate::issuer::error::AuthError;
use crate::issuer::response_bodies::{
    ApiToken, SessionAndUser, SignInResponse, SignUpResponse, StatusResponse, SuccessResponse,
};
use crate::issuer::routes::BETTER_AUTH;
use crate::issuer::store::{Account, Session};

pub(super) const JWT: &str =
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJNaVZhdExSN2JxZGFTa1pRaFQ1RzJCOFdDM2NqMU1lSCJ9.c2lnbmF0dXJl";
pub(super) const ID: &str = "MiVatLR7bqdaSkZQhT5G2B8WC3cj1MeH";
const TOKEN: &str = "KC01ogLqXDigWwndF1i3lqPlzwxGFOPU";

/// An operation of the issuer in the OpenAPI document. It has other errors and other security than an operation on tasks.
pub(super) struct AuthOperation {
    pub(super) method: HttpMethod,
    /// The complete path.
    pub(super) path: String,
    pub(super) name: String,
    pub(super) summary: &'static str,
    /// Schema and example of the request body.
    pub(super) body: Option<(RefOr<Schema>, Value)>,
    pub(super) status: &'static str,
    /// Schema and example of the response body.
    pub(super) response: Option<(RefOr<Schema>, Value)>,
    pub(super) errors: Vec<AuthError>,
    pub(super) needs_session: bool,
    /// Whether it is a login route, whose errors have `detail`.
    pub(super) is_login: bool,
}

/// The operations of Better Auth's protocol, without those that `issuer.email_login` replaces.
pub(super) fn better_auth(settings: &IssuerConfig) -> Vec<AuthOperation> {
    let is_login =
        |path: &str| settings.login_paths.routes().iter().any(|it| it.is_email_route() && it.path() == path);
    let all = [sign_in(), sessions(), account(), reset()].into_iter().flatten();
    all.filter(|it| !is_login(&it.path)).collect()
}

pub(super) fn schema_ref<T: ToSchema>() -> RefOr<Schema> {
    Ref::from_schema_name(T::name()).into()
}

fn array_of<T: ToSchema>() -> RefOr<Schema> {
    ArrayBuilder::new().items(schema_ref::<T>()).build().into()
}

pub(super) fn user() -> Value {
    json!({
        "name": "Ann", "email": "ann@example.com", "emailVerified": false, "image": null,
        "createdAt": "2026-11-21T06:18:30.512Z", "updatedAt": "2026-11-21T06:18:30.512Z", "id": ID,
    })
}

fn session() -> Value {
    json!({
        "expiresAt": "2026-11-28T06:18:30.512Z", "token": TOKEN, "createdAt": "2026-11-21T06:18:30.512Z",
        "updatedAt": "2026-11-21T06:18:30.512Z", "ipAddress": "203.0.113.7", "userAgent": "Mozilla/5.0", "userId": ID, "id": ID,
    })
}

pub(super) fn password_errors() -> Vec<AuthError> {
    vec![AuthError::PasswordTooShort, AuthError::PasswordTooLong]
}

pub(super) fn origin_errors() -> Vec<AuthError> {
    vec![AuthError::InvalidOrigin, AuthError::MissingOrNullOrigin]
}

pub(super) fn missing(field: &str) -> AuthError {
    AuthError::Validation(format!("[body.{field}] Invalid input: expected string, received undefined"))
}

fn sign_in() -> Vec<AuthOperation> {
    let shape = body([
        Field::required("name", name()),
        Field::required("email", email()),
        Field::required("password", new_password()),
        Field::optional("image", image()),
        Field::optional("callbackURL", redirect_target()),
        Field::optional("rememberMe", flag()),
    ]);
    let example = json!({ "name": "Ann", "email": "ann@example.com", "password": "correct horse battery" });
    let up = AuthOperation {
        name: "signUpEmail".to_owned(),
        summary: "Sign up with email and password",
        body: Some((shape, example)),
        response: Some((schema_ref::<SignUpResponse<'_>>(), json!({ "token": TOKEN, "user": user() }))),
        errors: [
            vec![missing("name"), AuthError::UserAlreadyExists, AuthError::InvalidCallbackUrl],
            password_errors(),
            origin_errors(),
        ]
        .concat(),
        ..post("/sign-up/email")
    };
    let shape = body([
        Field::required("email", email()),
        Field::required("password", password()),
        Field::optional("callbackURL", redirect_target()),
        Field::optional("rememberMe", flag()),
    ]);
    let sign_in = AuthOperation {
        name: "signInEmail".to_owned(),
        summary: "Sign in with email and password",
        body: Some((shape, json!({ "email": "ann@example.com", "password": "correct horse battery" }))),
        response: Some((
            schema_ref::<SignInResponse<'_>>(),
            json!({ "redirect": false, "token": TOKEN, "user": user() }),
        )),
        errors: [
            vec![
                missing("email"),
                AuthError::InvalidEmail,
                AuthError::PasswordTooLong,
                AuthError::InvalidEmailOrPassword,
                AuthError::InvalidCallbackUrl,
            ],
            origin_errors(),
        ]
        .concat(),
        ..post("/sign-in/email")
    };
    let out = AuthOperation {
        name: "signOut".to_owned(),
        summary: "Sign out of the current session",
        response: Some((schema_ref::<SuccessResponse>(), json!({ "success": true }))),
        errors: origin_errors(),
        ..post("/sign-out")
    };
    vec![up, sign_in, out]
}

fn post(path: &str) -> AuthOperation {
    AuthOperation {
        method: HttpMethod::Post,
        path: format!("{BETTER_AUTH}{path}"),
        name: String::new(),
        summary: "",
        body: None,
        status: "200",
        response: Some((schema_ref::<StatusResponse>(), json!({ "status": true }))),
        errors: Vec::new(),
        needs_session: false,
        is_login: false,
    }
}

fn get(path: &str) -> AuthOperation {
    AuthOperation { method: HttpMethod::Get, ..post(path) }
}

fn sessions() -> Vec<AuthOperation> {
    let keys = json!({ "keys": [{ "alg": "EdDSA", "crv": "Ed25519", "x": "-ZCxyI2pptqB3qk8qeml9IlekcWHsRhJcTfW3PAKypQ", "kty": "OKP", "kid": ID }] });
    let shape = ObjectBuilder::new()
        .property("keys", ArrayBuilder::new().items(ObjectBuilder::new()))
        .required("keys")
        .build();
    let nullable = ObjectBuilder::new().schema_type(Type::Null);
    let session_or_null = OneOfBuilder::new().item(schema_ref::<SessionAndUser<'_>>()).item(nullable).build();
    vec![
        AuthOperation {
            name: "getSession".to_owned(),
            summary: "Get the current session, or null; with an API token the user only",
            response: Some((
                RefOr::T(Schema::OneOf(session_or_null)),
                json!({ "session": session(), "user": user() }),
            )),
            ..get("/get-session")
        },
        AuthOperation {
            name: "getToken".to_owned(),
            summary: "Get an API token",
            response: Some((schema_ref::<ApiToken<'_>>(), json!({ "token": JWT }))),
            needs_session: true,
            ..get("/token")
        },
        AuthOperation {
            name: "getKeys".to_owned(),
            summary: "List the public keys of API tokens; empty if tokens are signed with the secret",
            response: Some((shape.into(), keys)),
            ..get("/jwks")
        },
        AuthOperation {
            name: "listSessions".to_owned(),
            summary: "List active sessions",
            response: Some((array_of::<Session>(), json!([session()]))),
            errors: vec![AuthError::SessionNotFresh],
            needs_session: true,
            ..get("/list-sessions")
        },
        AuthOperation {
            name: "revokeSession".to_owned(),
            summary: "Revoke a session",
            body: Some((body([Field::required("token", text())]), json!({ "token": TOKEN }))),
            errors: [vec![missing("token")], origin_errors()].concat(),
            needs_session: true,
            ..post("/revoke-session")
        },
        AuthOperation {
            name: "revokeSessions".to_owned(),
            summary: "Revoke all sessions",
            errors: origin_errors(),
            needs_session: true,
            ..post("/revoke-sessions")
        },
        AuthOperation {
            name: "revokeOtherSessions".to_owned(),
            summary: "Revoke all other sessions",
            errors: origin_errors(),
            needs_session: true,
            ..post("/revoke-other-sessions")
        },
        AuthOperation {
            name: "ok".to_owned(),
            summary: "Check that the service is enabled",
            response: Some((
                ObjectBuilder::new()
                    .property("ok", ObjectBuilder::new().schema_type(Type::Boolean))
                    .required("ok")
                    .build()
                    .into(),
                json!({ "ok": true }),
            )),
            ..get("/ok")
        },
    ]
}

fn account() -> Vec<AuthOperation> {
    let account = json!({
        "accountId": ID, "providerId": "credential", "userId": ID, "createdAt": "2026-11-21T06:18:30.512Z",
        "updatedAt": "2026-11-21T06:18:30.512Z", "id": ID, "scopes": [],
    });
    let change = body([
        Field::required("currentPassword", password()),
        Field::required("newPassword", new_password()),
        Field::optional("revokeOtherSessions", flag()),
    ]);
    vec![
        AuthOperation {
            name: "updateUser".to_owned(),
            summary: "Update name or image",
            body: Some((
                body([Field::optional("name", name()), Field::optional("image", image_or_null())]),
                json!({ "name": "Ann" }),
            )),
            errors: [vec![AuthError::NoFieldsToUpdate, AuthError::EmailCannotBeUpdated], origin_errors()]
                .concat(),
            needs_session: true,
            ..post("/update-user")
        },
        AuthOperation {
            name: "changePassword".to_owned(),
            summary: "Change the password",
            body: Some((
                change,
                json!({ "currentPassword": "correct horse battery", "newPassword": "staple correct horse" }),
            )),
            response: Some((schema_ref::<SignUpResponse<'_>>(), json!({ "token": null, "user": user() }))),
            errors: [
                vec![AuthError::InvalidPassword, AuthError::CredentialAccountNotFound],
                password_errors(),
                origin_errors(),
            ]
            .concat(),
            needs_session: true,
            ..post("/change-password")
        },
        AuthOperation {
            name: "deleteUser".to_owned(),
            summary: "Delete the current user",
            body: Some((
                body([Field::optional("password", password())]),
                json!({ "password": "correct horse battery" }),
            )),
            response: Some((
                schema_ref::<SuccessResponse>(),
                json!({ "success": true, "message": "User deleted" }),
            )),
            errors: [
                vec![
                    AuthError::InvalidPassword,
                    AuthError::CredentialAccountNotFound,
                    AuthError::SessionExpired,
                ],
                origin_errors(),
            ]
            .concat(),
            needs_session: true,
            ..post("/delete-user")
        },
        AuthOperation {
            name: "listAccounts".to_owned(),
            summary: "List sign-in methods",
            response: Some((array_of::<Account>(), json!([account]))),
            needs_session: true,
            ..get("/list-accounts")
        },
    ]
}

fn reset() -> Vec<AuthOperation> {
    let sent = "If this email exists in our system, check your email for the reset link";
    vec![
        AuthOperation {
            name: "requestPasswordReset".to_owned(),
            summary: "Request a password reset email",
            body: Some((
                body([Field::required("email", email()), Field::optional("redirectTo", redirect_target())]),
                json!({ "email": "ann@example.com", "redirectTo": "/reset-password" }),
            )),
            response: Some((schema_ref::<StatusResponse>(), json!({ "status": true, "message": sent }))),
            errors: [vec![missing("email"), AuthError::InvalidRedirectUrl], origin_errors()].concat(),
            ..post("/request-password-reset")
        },
        AuthOperation {
            name: "openResetLink".to_owned(),
            summary: "Open a reset link",
            status: "302",
            response: None,
            errors: vec![
                AuthError::Validation(
                    "[query.callbackURL] Invalid input: expected string, received undefined".to_owned(),
                ),
                AuthError::InvalidCallbackUrl,
            ],
            ..get("/reset-password/{token}")
        },
        AuthOperation {
            name: "resetPassword".to_owned(),
            summary: "Set a new password",
            body: Some((
                body([Field::required("newPassword", new_password()), Field::required("token", text())]),
                json!({ "newPassword": "staple correct horse", "token": "5QMevwekhEagdmQVHPDzSuwo" }),
            )),
            errors: [
                vec![missing("newPassword"), AuthError::InvalidToken],
                password_errors(),
                origin_errors(),
            ]
            .concat(),
            ..post("/reset-password")
        },
    ]
}
