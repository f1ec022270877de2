//! Plain login forms, for frontends without Better Auth's client: a token for the API comes at once.

use rocket::outcome::{Outcome, try_outcome};
use rocket::request::{self, FromRequest, Request};
use rocket::{async_trait, get, post, routes};

use super::sign;
use crate::auth::AuthUser;
use crate::issuer::credentials::Credentials;
use crate::issuer::gate::GatedRoutes;
use crate::issuer::guard::{SessionToken, Visitor};
use crate::issuer::input::{Fields, Input, NAME_MAX, Read};
use crate::issuer::limits::Kind;
use crate::issuer::refusal::Refusal;
use crate::issuer::reply::Reply;
use crate::issuer::signature::Signer;
use crate::issuer::site::Site;
use crate::issuer::tables::{Session, Tables, User};
use crate::issuer::tokens::Tokens;
use crate::issuer::views::LoggedIn;
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

impl Read for Form {
    const IS_FORM: bool = true;

    fn read(fields: &mut Fields) -> Self {
        Self {
            email: fields.email("email"),
            password: fields.text("password"),
            name: fields.optional_string_to("name", NAME_MAX).unwrap_or_default(),
        }
    }
}

/// What both forms come to: somebody signed in, by tokens alone. A cookie would make their next form one that must say which page
/// it is on, which the programs and frontends that use these do not.
struct Door<'r> {
    site: Site<'r>,
    credentials: Credentials<'r>,
    signer: &'r Signer,
    tokens: &'r Tokens,
}

impl Door<'_> {
    async fn sign_up(self, form: Form) -> Result<Reply, Refusal> {
        let Form { email, password, name } = form;
        let new = self.credentials.sign_up(name, email, None, &password, self.site.device(), true).await?;
        self.open(new).await
    }

    async fn sign_in(self, form: Form) -> Result<Reply, Refusal> {
        let known = self.credentials.sign_in(&form.email, &form.password, self.site.device(), true).await?;
        self.open(known).await
    }

    async fn open(self, (user, session): (User, Session)) -> Result<Reply, Refusal> {
        let token = self.tokens.issue(&user, &self.site).await?;
        let body = LoggedIn { access_token: &token, token: &token, token_type: "bearer", user: &user };
        Ok(Reply::json(&body).with("set-auth-token", self.signer.sign(&session.token)))
    }
}

#[async_trait]
impl<'r> FromRequest<'r> for Door<'r> {
    type Error = &'r str;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, &'r str> {
        let site = try_outcome!(request.guard::<Site<'_>>().await);
        let credentials = try_outcome!(request.guard::<Credentials<'_>>().await);
        match (request.rocket().state::<Signer>(), request.rocket().state::<Tokens>()) {
            (Some(signer), Some(tokens)) => Outcome::Success(Self { site, credentials, signer, tokens }),
            _ => Outcome::Error((rocket::http::Status::InternalServerError, "there is no issuer")),
        }
    }
}

#[post("/signup", data = "<form>")]
async fn sign_up(door: Door<'_>, form: Input<Form>) -> Result<Reply, Refusal> {
    door.sign_up(form.0).await
}

#[post("/register", data = "<form>")]
async fn register(door: Door<'_>, form: Input<Form>) -> Result<Reply, Refusal> {
    door.sign_up(form.0).await
}

#[post("/login", data = "<form>")]
async fn login(door: Door<'_>, form: Input<Form>) -> Result<Reply, Refusal> {
    door.sign_in(form.0).await
}

#[post("/signin", data = "<form>")]
async fn sign_in(door: Door<'_>, form: Input<Form>) -> Result<Reply, Refusal> {
    door.sign_in(form.0).await
}

#[post("/login/email", data = "<form>")]
async fn login_email(door: Door<'_>, form: Input<Form>) -> Result<Reply, Refusal> {
    door.sign_in(form.0).await
}

#[post("/logout", data = "<body>")]
async fn logout(
    site: Site<'_>,
    tables: Tables<'_>,
    token: SessionToken,
    body: NoBody,
) -> Result<Reply, Refusal> {
    sign::sign_out(site, tables, token, body).await
}

/// Whoever the session is of, or the token.
#[get("/me")]
async fn me(tables: Tables<'_>, visitor: Visitor, bearer: Option<&AuthUser>) -> Result<Reply, Refusal> {
    let user = match (visitor.0, bearer) {
        (Some(somebody), _) => Some(somebody.user),
        (None, Some(bearer)) => tables.by_id(bearer.id()).await?,
        (None, None) => None,
    };
    user.map(|user| Reply::json(&user)).ok_or(Refusal::Unauthorized)
}
