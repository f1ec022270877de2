//! Login routes, for frontends without Better Auth's client. The response to a sign-up or sign-in contains an API token.
//!
//! `issuer.login_paths` has their bases, and [`LoginPaths`] their names.

use rocket::http::{Status, uri};
use rocket::outcome::{Outcome, try_outcome};
use rocket::request::{self, FromRequest, Request};
use rocket::{State, async_trait, get, post, routes};

use super::sign_in::end_session;
use crate::config::{LoginAction, LoginPaths};
use crate::issuer::cookie_signer::CookieSigner;
use crate::issuer::error::AuthError;
use crate::issuer::input::{AuthBody, BodyFormats, Fields, FromFields, MAX_NAME_LEN};
use crate::issuer::login_response::LoginResponses;
use crate::issuer::password_auth::PasswordAuth;
use crate::issuer::protection::ProtectedRoutes;
use crate::issuer::rate_limit::{PasswordGroup, RateLimitGroup};
use crate::issuer::request_context::RequestContext;
use crate::issuer::response::AuthResponse;
use crate::issuer::session_guard::{Caller, SessionToken};
use crate::issuer::store::{AuthStore, NewUser, Session, User};
use crate::issuer::token_issuer::TokenIssuer;
use crate::issuer::username::LoginName;
use crate::request::NoBody;

/// The routes with their complete paths. Each base shares the rate limits of the others.
pub(super) fn routes(paths: &LoginPaths) -> Result<Vec<ProtectedRoutes>, uri::Error<'static>> {
    paths.routes().iter().map(|route| protected(route.action).at(&route.path())).collect()
}

fn protected(action: LoginAction) -> ProtectedRoutes {
    let password = RateLimitGroup::Password;
    match action {
        LoginAction::SignUp => ProtectedRoutes::login(password(PasswordGroup::SignUp), routes![sign_up]),
        LoginAction::SignIn => ProtectedRoutes::login(password(PasswordGroup::SignIn), routes![sign_in]),
        LoginAction::SignOut => ProtectedRoutes::login(RateLimitGroup::General, routes![sign_out]),
        LoginAction::Me => ProtectedRoutes::login(RateLimitGroup::General, routes![me]),
    }
}

struct SignUpForm {
    user: NewUser,
    password: String,
}

impl FromFields for SignUpForm {
    const FORMATS: BodyFormats = BodyFormats::JsonAndAnyForm;

    fn from_fields(fields: &mut Fields) -> Self {
        // Frontends send null for an input that the user left empty.
        fields.remove_nulls();
        for other_name in ["full_name", "fullName", "username"] {
            fields.fill("name", other_name);
        }
        let has_username = fields.has_username("username");
        if has_username {
            fields.remove_empty("email");
        } else {
            fields.fill("email", "username");
        }
        let needs_email = !has_username || fields.contains("email");
        let email = needs_email.then(|| fields.email("email"));
        let username = if has_username { fields.username("username") } else { None };
        let password = fields.non_empty_string("password");
        let name = fields.optional_bounded_string("name", MAX_NAME_LEN).unwrap_or_default();
        Self { user: NewUser { name, email, image: None, username }, password }
    }
}

struct SignInForm {
    name: LoginName,
    password: String,
}

impl FromFields for SignInForm {
    const FORMATS: BodyFormats = BodyFormats::JsonAndAnyForm;

    fn from_fields(fields: &mut Fields) -> Self {
        fields.remove_nulls();
        // FastAPI's form for a token has the email as `username`.
        fields.fill("email", "username");
        Self { name: fields.login_name("email"), password: fields.non_empty_string("password") }
    }
}

/// Signs a client up or in and responds with an API token.
///
/// It sets no session cookie, because the clients of these routes keep the token. With `auth.cookie` it sets that cookie.
struct TokenLogin<'r> {
    context: RequestContext<'r>,
    passwords: PasswordAuth<'r>,
    signer: &'r CookieSigner,
    tokens: &'r TokenIssuer,
    responses: &'r LoginResponses,
    store: AuthStore<'r>,
}

impl TokenLogin<'_> {
    async fn issue_token(self, (user, session): (User, Session)) -> Result<AuthResponse, AuthError> {
        let token = self.tokens.issue(&user, &self.context).await?;
        let user = self.responses.user(self.store, user).await?;
        let response = self.responses.logged_in(&self.context, &token, &user);
        Ok(response.with_header("set-auth-token", self.signer.sign(&session.token)))
    }
}

#[async_trait]
impl<'r> FromRequest<'r> for TokenLogin<'r> {
    type Error = &'static str;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, &'static str> {
        let context = try_outcome!(request.guard::<RequestContext<'_>>().await);
        let passwords = try_outcome!(request.guard::<PasswordAuth<'_>>().await);
        let store = try_outcome!(request.guard::<AuthStore<'_>>().await);
        let rocket = request.rocket();
        let states = (rocket.state::<CookieSigner>(), rocket.state::<TokenIssuer>(), rocket.state());
        let (Some(signer), Some(tokens), Some(responses)) = states else {
            let missing = "missing managed state: CookieSigner, TokenIssuer or LoginResponses";
            return Outcome::Error((Status::InternalServerError, missing));
        };
        Outcome::Success(Self { context, passwords, signer, tokens, responses, store })
    }
}

#[post("/", data = "<form>")]
async fn sign_up(login: TokenLogin<'_>, form: AuthBody<SignUpForm>) -> Result<AuthResponse, AuthError> {
    let SignUpForm { user, password } = form.0;
    let created = login.passwords.sign_up(user, &password, login.context.client_info(), true).await?;
    login.issue_token(created).await
}

#[post("/", data = "<form>")]
async fn sign_in(login: TokenLogin<'_>, form: AuthBody<SignInForm>) -> Result<AuthResponse, AuthError> {
    let SignInForm { name, password } = form.0;
    let found = login.passwords.sign_in(&name, &password, login.context.client_info(), true).await?;
    login.issue_token(found).await
}

#[post("/", data = "<_body>")]
async fn sign_out(
    context: RequestContext<'_>,
    store: AuthStore<'_>,
    responses: &State<LoginResponses>,
    token: SessionToken,
    _body: NoBody,
) -> Result<AuthResponse, AuthError> {
    let response = end_session(&context, store, token).await?;
    Ok(responses.logged_out(&context, response))
}

/// The user of the session or, without a session, of the API token.
#[get("/")]
async fn me(
    responses: &State<LoginResponses>,
    store: AuthStore<'_>,
    caller: Caller,
) -> Result<AuthResponse, AuthError> {
    let user = match caller {
        Caller::Session(current) => current.user,
        Caller::ApiToken(user) => user,
        Caller::Unknown => return Err(AuthError::Unauthorized),
    };
    Ok(responses.me(&responses.user(store, user).await?))
}
