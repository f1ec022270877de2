//! Plain login forms, for frontends without Better Auth's client: a token for the API comes at once.

use rocket::outcome::{Outcome, try_outcome};
use rocket::request::{self, FromRequest, Request};
use rocket::{async_trait, get, post, routes};

use super::sign_in as sign_in_routes;
use crate::auth::AuthUser;
use crate::issuer::cookie_signer::CookieSigner;
use crate::issuer::error::AuthError;
use crate::issuer::input::{AuthBody, Fields, FromFields, NAME_MAX};
use crate::issuer::password_auth::PasswordAuth;
use crate::issuer::protection::GatedRoutes;
use crate::issuer::rate_limit::Kind;
use crate::issuer::request_context::RequestContext;
use crate::issuer::response::AuthResponse;
use crate::issuer::session_guard::{MaybeSignedIn, SessionToken};
use crate::issuer::store::{AuthStore, Session, User};
use crate::issuer::token_issuer::TokenIssuer;
use crate::issuer::views::LoginResponse;
use crate::request::NoBody;

pub(super) fn routes() -> Vec<GatedRoutes> {
    vec![
        GatedRoutes::new(Kind::SignUp, routes![sign_up, register]),
        GatedRoutes::new(Kind::SignIn, routes![login, sign_in, login_email]),
        GatedRoutes::new(Kind::Other, routes![logout, me]),
    ]
}

struct Form {
    email: String,
    password: String,
    name: String,
}

impl FromFields for Form {
    const ACCEPTS_FORM: bool = true;

    fn from_fields(fields: &mut Fields) -> Self {
        Self {
            email: fields.email("email"),
            password: fields.non_empty_string("password"),
            name: fields.optional_bounded_string("name", NAME_MAX).unwrap_or_default(),
        }
    }
}

/// What both forms come to: somebody signed in, by tokens alone. A cookie would make their next form one that must say which page
/// it is on, which the programs and frontends that use these do not.
struct TokenLogin<'r> {
    context: RequestContext<'r>,
    passwords: PasswordAuth<'r>,
    signer: &'r CookieSigner,
    tokens: &'r TokenIssuer,
}

impl TokenLogin<'_> {
    async fn sign_up(self, form: Form) -> Result<AuthResponse, AuthError> {
        let Form { email, password, name } = form;
        let new = self.passwords.sign_up(name, email, None, &password, self.context.device(), true).await?;
        self.open(new).await
    }

    async fn sign_in(self, form: Form) -> Result<AuthResponse, AuthError> {
        let known = self.passwords.sign_in(&form.email, &form.password, self.context.device(), true).await?;
        self.open(known).await
    }

    async fn open(self, (user, session): (User, Session)) -> Result<AuthResponse, AuthError> {
        let token = self.tokens.issue(&user, &self.context).await?;
        let body = LoginResponse { access_token: &token, token: &token, token_type: "bearer", user: &user };
        Ok(AuthResponse::json(&body).with_header("set-auth-token", self.signer.sign(&session.token)))
    }
}

#[async_trait]
impl<'r> FromRequest<'r> for TokenLogin<'r> {
    type Error = &'r str;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, &'r str> {
        let context = try_outcome!(request.guard::<RequestContext<'_>>().await);
        let credentials = try_outcome!(request.guard::<PasswordAuth<'_>>().await);
        match (request.rocket().state::<CookieSigner>(), request.rocket().state::<TokenIssuer>()) {
            (Some(signer), Some(tokens)) => {
                Outcome::Success(Self { context, passwords: credentials, signer, tokens })
            }
            _ => Outcome::Error((rocket::http::Status::InternalServerError, "there is no issuer")),
        }
    }
}

#[post("/signup", data = "<form>")]
async fn sign_up(login: TokenLogin<'_>, form: AuthBody<Form>) -> Result<AuthResponse, AuthError> {
    login.sign_up(form.0).await
}

#[post("/register", data = "<form>")]
async fn register(login: TokenLogin<'_>, form: AuthBody<Form>) -> Result<AuthResponse, AuthError> {
    login.sign_up(form.0).await
}

#[post("/login", data = "<form>")]
async fn login(login: TokenLogin<'_>, form: AuthBody<Form>) -> Result<AuthResponse, AuthError> {
    login.sign_in(form.0).await
}

#[post("/signin", data = "<form>")]
async fn sign_in(login: TokenLogin<'_>, form: AuthBody<Form>) -> Result<AuthResponse, AuthError> {
    login.sign_in(form.0).await
}

#[post("/login/email", data = "<form>")]
async fn login_email(login: TokenLogin<'_>, form: AuthBody<Form>) -> Result<AuthResponse, AuthError> {
    login.sign_in(form.0).await
}

#[post("/logout", data = "<body>")]
async fn logout(
    context: RequestContext<'_>,
    store: AuthStore<'_>,
    token: SessionToken,
    body: NoBody,
) -> Result<AuthResponse, AuthError> {
    sign_in_routes::sign_out(context, store, token, body).await
}

/// Whoever the session is of, or the token.
#[get("/me")]
async fn me(
    store: AuthStore<'_>,
    maybe: MaybeSignedIn,
    bearer: Option<&AuthUser>,
) -> Result<AuthResponse, AuthError> {
    let user = match (maybe.0, bearer) {
        (Some(current), _) => Some(current.user),
        (None, Some(bearer)) => store.by_id(bearer.id()).await?,
        (None, None) => None,
    };
    user.map(|user| AuthResponse::json(&user)).ok_or(AuthError::Unauthorized)
}
