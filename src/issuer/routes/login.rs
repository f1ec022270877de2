//! Login forms, for frontends without Better Auth's client. The response contains an API token.

use rocket::http::Status;
use rocket::outcome::{Outcome, try_outcome};
use rocket::request::{self, FromRequest, Request};
use rocket::{async_trait, get, post, routes};

use super::sign_in::end_session;
use crate::auth::AuthUser;
use crate::issuer::cookie_signer::CookieSigner;
use crate::issuer::error::AuthError;
use crate::issuer::input::{AuthBody, Fields, FromFields, MAX_NAME_LEN};
use crate::issuer::password_auth::PasswordAuth;
use crate::issuer::protection::ProtectedRoutes;
use crate::issuer::rate_limit::{PasswordGroup, RateLimitGroup};
use crate::issuer::request_context::RequestContext;
use crate::issuer::response::AuthResponse;
use crate::issuer::session_guard::{MaybeSignedIn, SessionToken};
use crate::issuer::store::{AuthStore, NewUser, Session, User};
use crate::issuer::token_issuer::TokenIssuer;
use crate::issuer::views::LoginResponse;
use crate::request::NoBody;

pub(super) fn routes() -> Vec<ProtectedRoutes> {
    let password = RateLimitGroup::Password;
    vec![
        ProtectedRoutes::without_cookies(password(PasswordGroup::SignUp), routes![signup, register]),
        ProtectedRoutes::without_cookies(
            password(PasswordGroup::SignIn),
            routes![login, signin, login_email],
        ),
        ProtectedRoutes::new(RateLimitGroup::General, routes![logout, me]),
    ]
}

struct LoginForm {
    email: String,
    password: String,
    name: String,
}

impl FromFields for LoginForm {
    const ACCEPTS_FORM: bool = true;

    fn from_fields(fields: &mut Fields) -> Self {
        Self {
            email: fields.email("email"),
            password: fields.non_empty_string("password"),
            name: fields.optional_bounded_string("name", MAX_NAME_LEN).unwrap_or_default(),
        }
    }
}

/// Signs a client up or in and responds with an API token.
///
/// It sets no cookie. A request with a cookie must send its origin, which the clients that use these forms do not do.
struct TokenLogin<'r> {
    context: RequestContext<'r>,
    passwords: PasswordAuth<'r>,
    signer: &'r CookieSigner,
    tokens: &'r TokenIssuer,
}

impl TokenLogin<'_> {
    async fn sign_up(self, form: LoginForm) -> Result<AuthResponse, AuthError> {
        let LoginForm { email, password, name } = form;
        let new = NewUser { name, email, image: None };
        let created = self.passwords.register(new, &password, self.context.client_info(), true).await?;
        self.issue_token(created).await
    }

    async fn sign_in(self, form: LoginForm) -> Result<AuthResponse, AuthError> {
        let LoginForm { email, password, .. } = form;
        let found = self.passwords.sign_in(&email, &password, self.context.client_info(), true).await?;
        self.issue_token(found).await
    }

    async fn issue_token(self, (user, session): (User, Session)) -> Result<AuthResponse, AuthError> {
        let token = self.tokens.issue(&user, &self.context).await?;
        let body = LoginResponse { access_token: &token, token: &token, token_type: "bearer", user: &user };
        Ok(AuthResponse::json(&body).with_header("set-auth-token", self.signer.sign(&session.token)))
    }
}

#[async_trait]
impl<'r> FromRequest<'r> for TokenLogin<'r> {
    type Error = &'static str;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, &'static str> {
        let context = try_outcome!(request.guard::<RequestContext<'_>>().await);
        let passwords = try_outcome!(request.guard::<PasswordAuth<'_>>().await);
        let rocket = request.rocket();
        let (Some(signer), Some(tokens)) = (rocket.state::<CookieSigner>(), rocket.state::<TokenIssuer>())
        else {
            let missing = "missing managed state: CookieSigner or TokenIssuer";
            return Outcome::Error((Status::InternalServerError, missing));
        };
        Outcome::Success(Self { context, passwords, signer, tokens })
    }
}

#[post("/signup", data = "<form>")]
async fn signup(login: TokenLogin<'_>, form: AuthBody<LoginForm>) -> Result<AuthResponse, AuthError> {
    login.sign_up(form.0).await
}

#[post("/register", data = "<form>")]
async fn register(login: TokenLogin<'_>, form: AuthBody<LoginForm>) -> Result<AuthResponse, AuthError> {
    login.sign_up(form.0).await
}

#[post("/login", data = "<form>")]
async fn login(login: TokenLogin<'_>, form: AuthBody<LoginForm>) -> Result<AuthResponse, AuthError> {
    login.sign_in(form.0).await
}

#[post("/signin", data = "<form>")]
async fn signin(login: TokenLogin<'_>, form: AuthBody<LoginForm>) -> Result<AuthResponse, AuthError> {
    login.sign_in(form.0).await
}

#[post("/login/email", data = "<form>")]
async fn login_email(login: TokenLogin<'_>, form: AuthBody<LoginForm>) -> Result<AuthResponse, AuthError> {
    login.sign_in(form.0).await
}

#[post("/logout", data = "<_body>")]
async fn logout(
    context: RequestContext<'_>,
    store: AuthStore<'_>,
    token: SessionToken,
    _body: NoBody,
) -> Result<AuthResponse, AuthError> {
    end_session(&context, store, token).await
}

/// The user of the session or, without a session, of the API token.
#[get("/me")]
async fn me(
    store: AuthStore<'_>,
    maybe: MaybeSignedIn,
    bearer: Option<&AuthUser>,
) -> Result<AuthResponse, AuthError> {
    let user = match (maybe.0, bearer) {
        (Some(current), _) => Some(current.user),
        (None, Some(bearer)) => store.user_by_id(bearer.id()).await?,
        (None, None) => None,
    };
    user.map(|user| AuthResponse::json(&user)).ok_or(AuthError::Unauthorized)
}
