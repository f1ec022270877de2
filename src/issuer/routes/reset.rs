//! Passwords that were forgotten: a link by mail, a page of the frontend's, a new password.

use rocket::{State, get, post, routes};

use crate::issuer::credentials::Credentials;
use crate::issuer::gate::GatedRoutes;
use crate::issuer::input::{Fields, Input, Read, URL_MAX};
use crate::issuer::limits::Kind;
use crate::issuer::mail::Post;
use crate::issuer::passwords::check_length;
use crate::issuer::random::random_link;
use crate::issuer::refusal::Refusal;
use crate::issuer::reply::Reply;
use crate::issuer::site::Site;
use crate::issuer::tables::Tables;
use crate::issuer::views::Done;
use crate::store::Store;

pub(super) fn routes() -> Vec<GatedRoutes> {
    vec![
        GatedRoutes::new(Kind::Mail, routes![request]),
        GatedRoutes::new(Kind::Other, routes![open]),
        GatedRoutes::new(Kind::Password, routes![reset]),
    ]
}

/// What a reset of a password ends besides the old password.
#[derive(Debug)]
pub(in crate::issuer) struct ResetPolicy {
    /// Whether the user's sessions go on, as they do at a Better Auth without `revokeSessionsOnPasswordReset`.
    pub(in crate::issuer) keep_sessions: bool,
}

struct Request {
    email: String,
    redirect_to: Option<String>,
}

impl Read for Request {
    fn read(fields: &mut Fields) -> Self {
        Self { email: fields.email("email"), redirect_to: fields.optional_string_to("redirectTo", URL_MAX) }
    }
}

/// Whether somebody has the address is not told.
#[post("/request-password-reset", data = "<input>")]
async fn request(
    site: Site<'_>,
    store: &Store,
    post: &State<Post>,
    input: Input<Request>,
) -> Result<Reply, Refusal> {
    let Request { email, redirect_to } = input.0;
    let to = match redirect_to.filter(|it| !it.is_empty()) {
        Some(link) => site.destination(&link).ok_or(Refusal::InvalidRedirectUrl)?,
        None => String::new(),
    };
    let user = Tables::of(store).by_email(&email).await?;
    let token = random_link();
    let path = format!("/api/auth/reset-password/{token}");
    let link = site.link(&path, "callbackURL", &to).ok_or(Refusal::InvalidRedirectUrl)?;
    if let Some(user) = user {
        let (store, post) = (store.clone(), Post::clone(post));
        // In the background: how long it takes must not tell that there is somebody to send it to.
        tokio::spawn(async move {
            match Tables::of(&store).allow_reset(&user, &token).await {
                Ok(()) => post.send_reset(&user, link).await,
                Err(problem) => tracing::error!(error = %problem, "a password cannot be reset"),
            }
        });
    }
    let message = "If this email exists in our system, check your email for the reset link";
    Ok(Reply::json(&Done { status: true, message: Some(message) }))
}

/// What the mail links to: on to the frontend's page, with the token or with what is wrong with it.
#[get("/reset-password/<token>?<callback..>")]
async fn open(
    site: Site<'_>,
    tables: Tables<'_>,
    token: &str,
    callback: Callback<'_>,
) -> Result<Reply, Refusal> {
    let to = callback.url.filter(|it| !it.is_empty()).ok_or_else(|| {
        Refusal::Validation(
            "[query.callbackURL] Invalid input: expected string, received undefined".to_owned(),
        )
    })?;
    let to = site.destination(to).ok_or(Refusal::InvalidCallbackUrl)?;
    let (name, value) = match tables.who_may_reset(token).await? {
        Some(_) => ("token", token),
        None => ("error", "INVALID_TOKEN"),
    };
    site.link(&to, name, value).map(Reply::to).ok_or(Refusal::InvalidCallbackUrl)
}

#[derive(rocket::FromForm)]
struct Callback<'r> {
    #[field(name = "callbackURL")]
    url: Option<&'r str>,
}

struct Reset {
    password: String,
    token: Option<String>,
}

impl Read for Reset {
    fn read(fields: &mut Fields) -> Self {
        Self { password: fields.string("newPassword"), token: fields.optional_string("token") }
    }
}

/// Ends the user's other links, too, and their sessions unless the settings keep them.
#[post("/reset-password", data = "<input>")]
async fn reset(
    policy: &State<ResetPolicy>,
    tables: Tables<'_>,
    credentials: Credentials<'_>,
    input: Input<Reset>,
) -> Result<Reply, Refusal> {
    let Reset { password, token } = input.0;
    let token = token.ok_or(Refusal::InvalidToken)?;
    check_length(&password)?;
    let id = tables.who_may_reset(&token).await?.ok_or(Refusal::InvalidToken)?;
    let user = tables.by_id(&id).await?.ok_or(Refusal::InvalidToken)?;
    let hash = credentials.hash_new(&password).await?;
    let is_first = tables.reset(&token, &user, &hash, policy.keep_sessions).await?;
    if is_first { Ok(Reply::json(&Done { status: true, message: None })) } else { Err(Refusal::InvalidToken) }
}
