//! What the issuer can do, operation by operation.

use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::schema::OneOfBuilder;
use utoipa::openapi::{ArrayBuilder, HttpMethod, ObjectBuilder, Ref, RefOr, Schema, Type};

use super::fields::{
    Field, body, email, flag, image, image_or_null, link, name, new_password, password, some_text, text,
};
use crate::issuer::error::AuthError;
use crate::issuer::password_hasher::MAX_PASSWORD_LEN;
use crate::issuer::store::{Account, Session, User};
use crate::issuer::views::{
    ApiToken, LoginResponse, SessionAndUser, SignInResponse, StatusResponse, SuccessResponse, TokenAndUser,
};

const JWT: &str =
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJNaVZhdExSN2JxZGFTa1pRaFQ1RzJCOFdDM2NqMU1lSCJ9.c2lnbmF0dXJl";
const ID: &str = "MiVatLR7bqdaSkZQhT5G2B8WC3cj1MeH";
const TOKEN: &str = "KC01ogLqXDigWwndF1i3lqPlzwxGFOPU";

/// One operation.
pub(super) struct Operation {
    pub(super) method: HttpMethod,
    pub(super) path: &'static str,
    pub(super) name: &'static str,
    pub(super) summary: &'static str,
    /// The schema of its body, and an example.
    pub(super) body: Option<(RefOr<Schema>, Value)>,
    pub(super) status: &'static str,
    /// The schema of its answer, and an example.
    pub(super) answer: Option<(RefOr<Schema>, Value)>,
    pub(super) refusals: Vec<AuthError>,
    pub(super) needs_session: bool,
}

/// All of them.
pub(super) fn all() -> Vec<Operation> {
    [sign(), sessions(), account(), reset(), plain()].into_iter().flatten().collect()
}

fn of<T: ToSchema>() -> RefOr<Schema> {
    Ref::from_schema_name(T::name()).into()
}

fn list_of<T: ToSchema>() -> RefOr<Schema> {
    ArrayBuilder::new().items(of::<T>()).build().into()
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

fn passwords() -> Vec<AuthError> {
    vec![AuthError::PasswordTooShort, AuthError::PasswordTooLong]
}

fn origins() -> Vec<AuthError> {
    vec![AuthError::InvalidOrigin, AuthError::MissingOrNullOrigin]
}

fn missing(field: &str) -> AuthError {
    AuthError::Validation(format!("[body.{field}] Invalid input: expected string, received undefined"))
}

fn sign() -> Vec<Operation> {
    let shape = body([
        Field::required("name", name()),
        Field::required("email", email()),
        Field::required("password", new_password()),
        Field::optional("image", image()),
        Field::optional("callbackURL", link()),
        Field::optional("rememberMe", flag()),
    ]);
    let example = json!({ "name": "Ann", "email": "ann@example.com", "password": "correct horse battery" });
    let up = Operation {
        name: "signUpEmail",
        summary: "Sign up, and be signed in",
        body: Some((shape, example)),
        answer: Some((of::<TokenAndUser<'_>>(), json!({ "token": TOKEN, "user": user() }))),
        refusals: [
            vec![missing("name"), AuthError::UserAlreadyExists, AuthError::InvalidCallbackUrl],
            passwords(),
            origins(),
        ]
        .concat(),
        ..post("/sign-up/email")
    };
    let shape = body([
        Field::required("email", email()),
        Field::required("password", password()),
        Field::optional("callbackURL", link()),
        Field::optional("rememberMe", flag()),
    ]);
    let sign_in = Operation {
        name: "signInEmail",
        summary: "Sign in by address and password",
        body: Some((shape, json!({ "email": "ann@example.com", "password": "correct horse battery" }))),
        answer: Some((
            of::<SignInResponse<'_>>(),
            json!({ "redirect": false, "token": TOKEN, "user": user() }),
        )),
        refusals: [
            vec![
                missing("email"),
                AuthError::InvalidEmail,
                AuthError::PasswordTooLong,
                AuthError::InvalidEmailOrPassword,
                AuthError::InvalidCallbackUrl,
            ],
            origins(),
        ]
        .concat(),
        ..post("/sign-in/email")
    };
    let out = Operation {
        name: "signOut",
        summary: "Sign out of this session",
        answer: Some((of::<SuccessResponse>(), json!({ "success": true }))),
        refusals: origins(),
        ..post("/sign-out")
    };
    vec![up, sign_in, out]
}

fn post(path: &'static str) -> Operation {
    Operation {
        method: HttpMethod::Post,
        path,
        name: "",
        summary: "",
        body: None,
        status: "200",
        answer: Some((of::<StatusResponse>(), json!({ "status": true }))),
        refusals: Vec::new(),
        needs_session: false,
    }
}

fn get(path: &'static str) -> Operation {
    Operation { method: HttpMethod::Get, ..post(path) }
}

fn sessions() -> Vec<Operation> {
    let keys = json!({ "keys": [{ "alg": "EdDSA", "crv": "Ed25519", "x": "-ZCxyI2pptqB3qk8qeml9IlekcWHsRhJcTfW3PAKypQ", "kty": "OKP", "kid": ID }] });
    let shape = ObjectBuilder::new()
        .property("keys", ArrayBuilder::new().items(ObjectBuilder::new()))
        .required("keys")
        .build();
    let nullable = ObjectBuilder::new().schema_type(Type::Null);
    let who = OneOfBuilder::new().item(of::<SessionAndUser<'_>>()).item(nullable).build();
    vec![
        Operation {
            name: "getSession",
            summary: "Who is signed in; null, if nobody is",
            answer: Some((RefOr::T(Schema::OneOf(who)), json!({ "session": session(), "user": user() }))),
            ..get("/get-session")
        },
        Operation {
            name: "getToken",
            summary: "A token for the API, to authorize with",
            answer: Some((of::<ApiToken<'_>>(), json!({ "token": JWT }))),
            needs_session: true,
            ..get("/token")
        },
        Operation {
            name: "getKeys",
            summary: "The keys that tokens are signed with; none, where that is the secret",
            answer: Some((shape.into(), keys)),
            ..get("/jwks")
        },
        Operation {
            name: "listSessions",
            summary: "Where one is signed in",
            answer: Some((list_of::<Session>(), json!([session()]))),
            refusals: vec![AuthError::SessionNotFresh],
            needs_session: true,
            ..get("/list-sessions")
        },
        Operation {
            name: "revokeSession",
            summary: "Sign out somewhere else",
            body: Some((body([Field::required("token", text())]), json!({ "token": TOKEN }))),
            refusals: [vec![missing("token")], origins()].concat(),
            needs_session: true,
            ..post("/revoke-session")
        },
        Operation {
            name: "revokeSessions",
            summary: "Sign out everywhere",
            refusals: origins(),
            needs_session: true,
            ..post("/revoke-sessions")
        },
        Operation {
            name: "revokeOtherSessions",
            summary: "Sign out everywhere else",
            refusals: origins(),
            needs_session: true,
            ..post("/revoke-other-sessions")
        },
        Operation {
            name: "ok",
            summary: "Whether it is there",
            answer: Some((
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

fn account() -> Vec<Operation> {
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
        Operation {
            name: "updateUser",
            summary: "Patch one's name or image",
            body: Some((
                body([Field::optional("name", name()), Field::optional("image", image_or_null())]),
                json!({ "name": "Ann" }),
            )),
            refusals: [vec![AuthError::NoFieldsToUpdate, AuthError::EmailCannotBeUpdated], origins()]
                .concat(),
            needs_session: true,
            ..post("/update-user")
        },
        Operation {
            name: "changePassword",
            summary: "Patch one's password",
            body: Some((
                change,
                json!({ "currentPassword": "correct horse battery", "newPassword": "staple correct horse" }),
            )),
            answer: Some((of::<TokenAndUser<'_>>(), json!({ "token": null, "user": user() }))),
            refusals: [
                vec![AuthError::InvalidPassword, AuthError::CredentialAccountNotFound],
                passwords(),
                origins(),
            ]
            .concat(),
            needs_session: true,
            ..post("/change-password")
        },
        Operation {
            name: "deleteUser",
            summary: "Delete oneself",
            body: Some((
                body([Field::optional("password", password())]),
                json!({ "password": "correct horse battery" }),
            )),
            answer: Some((of::<SuccessResponse>(), json!({ "success": true, "message": "User deleted" }))),
            refusals: [
                vec![
                    AuthError::InvalidPassword,
                    AuthError::CredentialAccountNotFound,
                    AuthError::SessionExpired,
                ],
                origins(),
            ]
            .concat(),
            needs_session: true,
            ..post("/delete-user")
        },
        Operation {
            name: "listAccounts",
            summary: "The ways in which one can sign in",
            answer: Some((list_of::<Account>(), json!([account]))),
            needs_session: true,
            ..get("/list-accounts")
        },
    ]
}

fn reset() -> Vec<Operation> {
    let sent = "If this email exists in our system, check your email for the reset link";
    vec![
        Operation {
            name: "requestPasswordReset",
            summary: "Have a link mailed by which to reset one's password",
            body: Some((
                body([Field::required("email", email()), Field::optional("redirectTo", link())]),
                json!({ "email": "ann@example.com", "redirectTo": "/reset-password" }),
            )),
            answer: Some((of::<StatusResponse>(), json!({ "status": true, "message": sent }))),
            refusals: [vec![missing("email"), AuthError::InvalidRedirectUrl], origins()].concat(),
            ..post("/request-password-reset")
        },
        Operation {
            name: "openResetLink",
            summary: "What the mail links to",
            status: "302",
            answer: None,
            refusals: vec![
                AuthError::Validation(
                    "[query.callbackURL] Invalid input: expected string, received undefined".to_owned(),
                ),
                AuthError::InvalidCallbackUrl,
            ],
            ..get("/reset-password/{token}")
        },
        Operation {
            name: "resetPassword",
            summary: "Choose a new password",
            body: Some((
                body([Field::required("newPassword", new_password()), Field::required("token", text())]),
                json!({ "newPassword": "staple correct horse", "token": "5QMevwekhEagdmQVHPDzSuwo" }),
            )),
            refusals: [vec![missing("newPassword"), AuthError::InvalidToken], passwords(), origins()]
                .concat(),
            ..post("/reset-password")
        },
    ]
}

/// The same two forms under the names by which frontends know them.
fn plain() -> Vec<Operation> {
    let form = |path, operation, summary, secret, refusals: Vec<AuthError>| {
        let shape = body([
            Field::required("email", email()),
            Field::required("password", secret),
            Field::optional("name", name()),
        ]);
        let welcome = json!({ "access_token": JWT, "token": JWT, "token_type": "bearer", "user": user() });
        Operation {
            name: operation,
            summary,
            body: Some((shape, json!({ "email": "ann@example.com", "password": "correct horse battery" }))),
            answer: Some((of::<LoginResponse<'_>>(), welcome)),
            refusals: [refusals, vec![missing("email")], origins()].concat(),
            ..post(path)
        }
    };
    let known = || vec![AuthError::InvalidEmailOrPassword, AuthError::PasswordTooLong];
    let old = || some_text().max_length(Some(MAX_PASSWORD_LEN));
    let new = || [vec![AuthError::UserAlreadyExists], passwords()].concat();
    vec![
        form("/signup", "signup", "Sign up, and get a token for the API at once", new_password(), new()),
        form("/register", "register", "The same as signup", new_password(), new()),
        form("/login", "login", "Log in, and get a token for the API at once", old(), known()),
        form("/signin", "signin", "The same as login", old(), known()),
        form("/login/email", "loginEmail", "The same as login", old(), known()),
        Operation {
            name: "logout",
            summary: "The same as signing out",
            answer: Some((of::<SuccessResponse>(), json!({ "success": true }))),
            refusals: origins(),
            ..post("/logout")
        },
        Operation {
            name: "me",
            summary: "Whose session or token this is",
            answer: Some((of::<User>(), user())),
            needs_session: true,
            ..get("/me")
        },
    ]
}
