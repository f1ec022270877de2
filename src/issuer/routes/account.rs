//! What users do with themselves.

use rocket::{State, get, post, routes};

use crate::issuer::credentials::Credentials;
use crate::issuer::gate::GatedRoutes;
use crate::issuer::guard::SignedIn;
use crate::issuer::input::{Fields, Input, NAME_MAX, Read, URL_MAX};
use crate::issuer::limits::Kind;
use crate::issuer::passwords::check_length;
use crate::issuer::refusal::Refusal;
use crate::issuer::reply::Reply;
use crate::issuer::signature::Signer;
use crate::issuer::site::Site;
use crate::issuer::tables::{Change, Session, Tables};
use crate::issuer::views::{Done, Succeeded, TokenAndUser};

pub(super) fn routes() -> Vec<GatedRoutes> {
    vec![
        GatedRoutes::new(Kind::Password, routes![change_password, delete]),
        GatedRoutes::new(Kind::Other, routes![update, accounts]),
    ]
}

struct Update {
    name: Option<String>,
    image: Change,
    has_email: bool,
}

impl Read for Update {
    fn read(fields: &mut Fields) -> Self {
        Self {
            has_email: fields.has("email"),
            name: fields.optional_string_to("name", NAME_MAX),
            image: fields.change_to("image", URL_MAX),
        }
    }
}

#[post("/update-user", data = "<input>")]
async fn update(
    site: Site<'_>,
    tables: Tables<'_>,
    signer: &State<Signer>,
    somebody: SignedIn,
    input: Input<Update>,
) -> Result<Reply, Refusal> {
    let Update { name, image, has_email } = input.0;
    if has_email {
        return Err(Refusal::EmailCannotBeUpdated);
    }
    if name.is_none() && image == Change::Keep {
        return Err(Refusal::NoFields);
    }
    tables.update(&somebody.user, name.as_deref(), &image).await?;
    let reply = Reply::json(&Done { status: true, message: None });
    Ok(reply.signed_in(&site, signer, &somebody.session.token, somebody.remember))
}

struct ChangePassword {
    current: String,
    new: String,
    revoke_others: bool,
}

impl Read for ChangePassword {
    fn read(fields: &mut Fields) -> Self {
        Self {
            new: fields.string("newPassword"),
            current: fields.string("currentPassword"),
            revoke_others: fields.optional_bool("revokeOtherSessions").unwrap_or(false),
        }
    }
}

#[post("/change-password", data = "<input>")]
async fn change_password(
    site: Site<'_>,
    tables: Tables<'_>,
    credentials: Credentials<'_>,
    signer: &State<Signer>,
    somebody: SignedIn,
    input: Input<ChangePassword>,
) -> Result<Reply, Refusal> {
    let (ChangePassword { current, new, revoke_others }, user) = (input.0, &somebody.user);
    check_length(&new)?;
    credentials.confirm(user, &current).await?;
    let hash = credentials.hash_new(&new).await?;
    if !revoke_others {
        let is_set = tables.set_password(user, &hash).await?;
        return if is_set {
            Ok(Reply::json(&TokenAndUser { token: None, user }))
        } else {
            Err(Refusal::NoPassword)
        };
    }
    let session = Session::new(user, site.device(), somebody.remember);
    if !tables.set_password_and_session(user, &hash, &session).await? {
        return Err(Refusal::NoPassword);
    }
    let reply = Reply::json(&TokenAndUser { token: Some(&session.token), user });
    Ok(reply.signed_in(&site, signer, &session.token, somebody.remember))
}

struct Delete {
    password: Option<String>,
}

impl Read for Delete {
    fn read(fields: &mut Fields) -> Self {
        Self { password: fields.optional_string("password") }
    }
}

/// Needs the password, unless it was given lately.
#[post("/delete-user", data = "<input>")]
async fn delete(
    site: Site<'_>,
    tables: Tables<'_>,
    credentials: Credentials<'_>,
    somebody: SignedIn,
    input: Input<Delete>,
) -> Result<Reply, Refusal> {
    match input.0.password {
        Some(password) => credentials.confirm(&somebody.user, &password).await?,
        None if !somebody.session.is_fresh() => return Err(Refusal::SessionExpired),
        None => {}
    }
    tables.delete(&somebody.user).await?;
    Ok(Reply::json(&Succeeded { success: true, message: Some("User deleted") }).signed_out(&site))
}

#[get("/list-accounts")]
async fn accounts(tables: Tables<'_>, somebody: SignedIn) -> Result<Reply, Refusal> {
    Ok(Reply::json(&tables.accounts(&somebody.user).await?))
}
