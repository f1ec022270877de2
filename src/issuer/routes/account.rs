//! Routes on the signed-in user: profile, password, deletion, sign-in methods.

use rocket::{State, get, post, routes};

use crate::issuer::cookie_signer::CookieSigner;
use crate::issuer::error::AuthError;
use crate::issuer::input::{AuthBody, Fields, FromFields, MAX_NAME_LEN, MAX_URL_LEN};
use crate::issuer::password_auth::PasswordAuth;
use crate::issuer::password_hasher::check_new_password_length;
use crate::issuer::protection::ProtectedRoutes;
use crate::issuer::rate_limit::{PasswordGroup, RateLimitGroup};
use crate::issuer::request_context::RequestContext;
use crate::issuer::response::AuthResponse;
use crate::issuer::response_bodies::{SignUpResponse, StatusResponse, SuccessResponse};
use crate::issuer::session_guard::CurrentSession;
use crate::issuer::store::{AuthStore, Patch, Session};

pub(super) fn routes() -> Vec<ProtectedRoutes> {
    let password = RateLimitGroup::Password(PasswordGroup::Other);
    vec![
        ProtectedRoutes::new(password, routes![change_password, delete_user]),
        ProtectedRoutes::new(RateLimitGroup::General, routes![update_user, list_accounts]),
    ]
}

struct UpdateUser {
    name: Option<String>,
    image: Patch,
    has_email: bool,
}

impl FromFields for UpdateUser {
    fn from_fields(fields: &mut Fields) -> Self {
        Self {
            has_email: fields.contains("email"),
            name: fields.optional_bounded_string("name", MAX_NAME_LEN),
            image: fields.nullable_string("image", MAX_URL_LEN),
        }
    }
}

#[post("/update-user", data = "<body>")]
async fn update_user(
    context: RequestContext<'_>,
    store: AuthStore<'_>,
    signer: &State<CookieSigner>,
    current: CurrentSession,
    body: AuthBody<UpdateUser>,
) -> Result<AuthResponse, AuthError> {
    let UpdateUser { name, image, has_email } = body.0;
    if has_email {
        return Err(AuthError::EmailCannotBeUpdated);
    }
    if name.is_none() && image == Patch::Unchanged {
        return Err(AuthError::NoFieldsToUpdate);
    }
    store.update_user(&current.user.id, name.as_deref(), &image).await?;
    let response = AuthResponse::json(&StatusResponse { status: true, message: None });
    Ok(response.signed_in(&context, signer, &current.session.token, current.remember_me))
}

struct ChangePassword {
    current_password: String,
    new_password: String,
    revoke_others: bool,
}

impl FromFields for ChangePassword {
    fn from_fields(fields: &mut Fields) -> Self {
        Self {
            new_password: fields.string("newPassword"),
            current_password: fields.string("currentPassword"),
            revoke_others: fields.optional_bool("revokeOtherSessions").unwrap_or(false),
        }
    }
}

#[post("/change-password", data = "<body>")]
async fn change_password(
    context: RequestContext<'_>,
    store: AuthStore<'_>,
    passwords: PasswordAuth<'_>,
    signer: &State<CookieSigner>,
    current: CurrentSession,
    body: AuthBody<ChangePassword>,
) -> Result<AuthResponse, AuthError> {
    let ChangePassword { current_password, new_password, revoke_others } = body.0;
    let user = &current.user;
    check_new_password_length(&new_password)?;
    passwords.verify_current_password(user, &current_password).await?;
    let hash = passwords.hash_checked(&new_password).await?;
    if !revoke_others {
        let is_set = store.set_password(&user.id, &hash).await?;
        return if is_set {
            Ok(AuthResponse::json(&SignUpResponse { token: None, user }))
        } else {
            Err(AuthError::CredentialAccountNotFound)
        };
    }
    let session = Session::new(&user.id, context.client_info(), current.remember_me);
    if !store.set_password_and_session(&hash, &session).await? {
        return Err(AuthError::CredentialAccountNotFound);
    }
    let response = AuthResponse::json(&SignUpResponse { token: Some(&session.token), user });
    Ok(response.signed_in(&context, signer, &session.token, current.remember_me))
}

struct DeleteUser {
    password: Option<String>,
}

impl FromFields for DeleteUser {
    fn from_fields(fields: &mut Fields) -> Self {
        Self { password: fields.optional_string("password") }
    }
}

/// Deletes the user. Requires the password, unless the session is fresh.
#[post("/delete-user", data = "<body>")]
async fn delete_user(
    context: RequestContext<'_>,
    store: AuthStore<'_>,
    passwords: PasswordAuth<'_>,
    current: CurrentSession,
    body: AuthBody<DeleteUser>,
) -> Result<AuthResponse, AuthError> {
    match body.0.password {
        Some(password) => passwords.verify_current_password(&current.user, &password).await?,
        None if !current.session.is_fresh() => return Err(AuthError::SessionExpired),
        None => {}
    }
    store.delete_user(&current.user.id).await?;
    let body = SuccessResponse { success: true, message: Some("User deleted") };
    Ok(AuthResponse::json(&body).signed_out(&context))
}

#[get("/list-accounts")]
async fn list_accounts(store: AuthStore<'_>, current: CurrentSession) -> Result<AuthResponse, AuthError> {
    Ok(AuthResponse::json(&store.accounts(&current.user.id).await?))
}
