//! Operations of `/api/auth` for the OpenAPI document.

use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::schema::OneOfBuilder;
use utoipa::openapi::{ArrayBuilder, HttpMethod, ObjectBuilder, Ref, RefOr, Schema, Type};

use super::fields::{
    Field, body, email, flag, image, image_or_null, name, new_password, password, redirect_target, some_text,
    text,
};
use crate::issuer::error::AuthError;
use crate::issuer::password_hasher::MAX_PASSWORD_LEN;
use crate::issuer::store::{Account, Session, User};
use crate::issuer::views::{
    ApiToken, LoginResponse, SessionAndUser, SignInResponse, SignUpResponse, StatusResponse, SuccessResponse,
};

const JWT: &str =
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJNaVZhdExSN2JxZGFTa1pRaFQ1RzJCOFdDM2NqMU1lSCJ9.c2lnbmF0dXJl";
const ID: &str = "MiVatLR7bqdaSkZQhT5G2B8WC3cj1MeH";
const TOKEN: &str = "KC01ogLqXDigWwndF1i3lqPlzwxGFOPU";

/// An operation of `/api/auth` in the OpenAPI document. It has other errors and other security than an operation on tasks.
pub(super) struct AuthOperation {
    pub(super) method: HttpMethod,
    pub(super) path: &'static str,
    pub(super) name: &'static str,
    pub(super) summary: &'static str,
    /// Schema and example of the request body.
    pub(super) body: Option<(RefOr<Schema>, Value)>,
    pub(super) status: &'static str,
    /// Schema and example of the response body.
    pub(super) response: Option<(RefOr<Schema>, Value)>,
    pub(super) errors: Vec<AuthError>,
    pub(super) needs_session: bool,
}

pub(super) fn all() -> Vec<AuthOperation> {
    [sign_in(), sessions(), account(), reset(), login()].into_iter().flatten().collect()
}

fn schema_ref<T: ToSchema>() -> RefOr<Schema> {
    Ref::from_schema_name(T::name()).into()
}

fn array_of<T: ToSchema>() -> RefOr<Schema> {
    ArrayBuilder::new().items(schema_ref::<T>()).build().into()
}

fn user() -> Value {
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

fn password_errors() -> Vec<AuthError> {
    vec![AuthError::PasswordTooShort, AuthError::PasswordTooLong]
}

fn origin_errors() -> Vec<AuthError> {
    vec![AuthError::InvalidOrigin, AuthError::MissingOrNullOrigin]
}

fn missing(field: &str) -> AuthError {
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
        name: "signUpEmail",
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
        name: "signInEmail",
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
        name: "signOut",
        summary: "Sign out of the current session",
        response: Some((schema_ref::<SuccessResponse>(), json!({ "success": true }))),
        errors: origin_errors(),
        ..post("/sign-out")
    };
    vec![up, sign_in, out]
}

fn post(path: &'static str) -> AuthOperation {
    AuthOperation {
        method: HttpMethod::Post,
        path,
        name: "",
        summary: "",
        body: None,
        status: "200",
        response: Some((schema_ref::<StatusResponse>(), json!({ "status": true }))),
        errors: Vec::new(),
        needs_session: false,
    }
}

fn get(path: &'static str) -> AuthOperation {
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
            name: "getSession",
            summary: "Get the current session, or null",
            response: Some((
                RefOr::T(Schema::OneOf(session_or_null)),
                json!({ "session": session(), "user": user() }),
            )),
            ..get("/get-session")
        },
        AuthOperation {
            name: "getToken",
            summary: "Get an API token",
            response: Some((schema_ref::<ApiToken<'_>>(), json!({ "token": JWT }))),
            needs_session: true,
            ..get("/token")
        },
        AuthOperation {
            name: "getKeys",
            summary: "List the public keys of API tokens; empty if tokens are signed with the secret",
            response: Some((shape.into(), keys)),
            ..get("/jwks")
        },
        AuthOperation {
            name: "listSessions",
            summary: "List active sessions",
            response: Some((array_of::<Session>(), json!([session()]))),
            errors: vec![AuthError::SessionNotFresh],
            needs_session: true,
            ..get("/list-sessions")
        },
        AuthOperation {
            name: "revokeSession",
            summary: "Revoke a session",
            body: Some((body([Field::required("token", text())]), json!({ "token": TOKEN }))),
            errors: [vec![missing("token")], origin_errors()].concat(),
            needs_session: true,
            ..post("/revoke-session")
        },
        AuthOperation {
            name: "revokeSessions",
            summary: "Revoke all sessions",
            errors: origin_errors(),
            needs_session: true,
            ..post("/revoke-sessions")
        },
        AuthOperation {
            name: "revokeOtherSessions",
            summary: "Revoke all other sessions",
            errors: origin_errors(),
            needs_session: true,
            ..post("/revoke-other-sessions")
        },
        AuthOperation {
            name: "ok",
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
            name: "updateUser",
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
            name: "changePassword",
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
            name: "deleteUser",
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
            name: "listAccounts",
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
            name: "requestPasswordReset",
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
            name: "openResetLink",
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
            name: "resetPassword",
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

/// The login forms. Frontends know each under several paths.
fn login() -> Vec<AuthOperation> {
    let form = |path, operation, summary, secret, errors: Vec<AuthError>| {
        let shape = body([
            Field::required("email", email()),
            Field::required("password", secret),
            Field::optional("name", name()),
        ]);
        let welcome = json!({ "access_token": JWT, "token": JWT, "token_type": "bearer", "user": user() });
        AuthOperation {
            name: operation,
            summary,
            body: Some((shape, json!({ "email": "ann@example.com", "password": "correct horse battery" }))),
            response: Some((schema_ref::<LoginResponse<'_>>(), welcome)),
            errors: [errors, vec![missing("email")], origin_errors()].concat(),
            ..post(path)
        }
    };
    let known = || vec![AuthError::InvalidEmailOrPassword, AuthError::PasswordTooLong];
    let old = || some_text().max_length(Some(MAX_PASSWORD_LEN));
    let new = || [vec![AuthError::UserAlreadyExists], password_errors()].concat();
    vec![
        form("/signup", "signup", "Sign up and get an API token", new_password(), new()),
        form("/register", "register", "Alias of signup", new_password(), new()),
        form("/login", "login", "Log in and get an API token", old(), known()),
        form("/signin", "signin", "Alias of login", old(), known()),
        form("/login/email", "loginEmail", "Alias of login", old(), known()),
        AuthOperation {
            name: "logout",
            summary: "Alias of sign-out",
            response: Some((schema_ref::<SuccessResponse>(), json!({ "success": true }))),
            errors: origin_errors(),
            ..post("/logout")
        },
        AuthOperation {
            name: "me",
            summary: "Get the user of the session or API token",
            response: Some((schema_ref::<User>(), user())),
            needs_session: true,
            ..get("/me")
        },
    ]
}
