//! Setting `issuer.login_paths`: the bases of the login routes.

use rocket::http::Method;
use rocket::http::uri::Origin;
use serde::Deserialize;

use super::{ConfigError, OneOrMany, PathTemplate, ShapeConfig, ShapesConfig};

/// What a login route does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginAction {
    /// Creates a user and responds with an API token.
    SignUp,
    /// Verifies a password and responds with an API token.
    SignIn,
    /// Ends the session.
    SignOut,
    /// Responds with the user.
    Me,
}

impl LoginAction {
    /// The method of the action's routes.
    #[must_use]
    pub fn method(self) -> Method {
        if self == Self::Me { Method::Get } else { Method::Post }
    }
}

/// The login routes below each base. Frontends know each action by several names.
const ROUTES: [(&str, LoginAction); 11] = [
    ("signup", LoginAction::SignUp),
    ("register", LoginAction::SignUp),
    ("users", LoginAction::SignUp),
    ("login", LoginAction::SignIn),
    ("signin", LoginAction::SignIn),
    ("login/email", LoginAction::SignIn),
    ("token", LoginAction::SignIn),
    ("logout", LoginAction::SignOut),
    ("signout", LoginAction::SignOut),
    ("me", LoginAction::Me),
    ("users/me", LoginAction::Me),
];

/// Better Auth's paths of sign-up and sign-in, which `issuer.email_login` makes login routes.
const EMAIL_ROUTES: [(&str, LoginAction); 2] =
    [("sign-up/email", LoginAction::SignUp), ("sign-in/email", LoginAction::SignIn)];

/// Better Auth's base. Its other routes are there whatever the setting is.
const BETTER_AUTH: &str = "/api/auth";

/// First segments of paths that belong to other parts of the server.
const RESERVED: [&str; 8] =
    [".well-known", "docs", "health", "livez", "mcp", "metrics", "openapi.json", "readyz"];

/// The login routes of a server.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "OneOrMany")]
pub struct LoginPaths(Vec<LoginRoute>);

/// A login route.
#[derive(Debug, Clone)]
pub struct LoginRoute {
    /// The base as it is configured.
    pub base: String,
    /// The path below the base, such as `login/email`.
    pub name: &'static str,
    /// What the route does.
    pub action: LoginAction,
}

impl LoginRoute {
    /// The complete path.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}/{}", self.base.trim_end_matches('/'), self.name)
    }

    /// Whether the base is that of Better Auth's routes.
    #[must_use]
    pub fn is_beside_better_auth(&self) -> bool {
        self.base == BETTER_AUTH
    }

    /// Whether the path is Better Auth's sign-up or sign-in, by `issuer.email_login`.
    #[must_use]
    pub fn is_email_route(&self) -> bool {
        EMAIL_ROUTES.iter().any(|(name, _)| *name == self.name)
    }

    fn segments(&self) -> impl Iterator<Item = &str> {
        self.base.split('/').chain(self.name.split('/')).filter(|it| !it.is_empty())
    }
}

impl LoginPaths {
    /// Adds login routes at Better Auth's paths of sign-up and sign-in.
    pub(super) fn add_email_routes(&mut self) {
        self.0.extend(EMAIL_ROUTES.map(|(name, action)| LoginRoute {
            base: BETTER_AUTH.to_owned(),
            name,
            action,
        }));
    }

    /// All routes.
    #[must_use]
    pub fn routes(&self) -> &[LoginRoute] {
        &self.0
    }

    /// The route with the path of this URI, whatever the method.
    #[must_use]
    pub fn find(&self, uri: &Origin<'_>) -> Option<&LoginRoute> {
        self.0.iter().find(|route| uri.path().segments().eq(route.segments()))
    }

    /// Rejects routes at or below a task collection. Rocket would find two routes for their paths.
    pub(super) fn validate(&self, shapes: &ShapesConfig) -> Result<(), ConfigError> {
        let collections: Vec<PathTemplate> =
            [&shapes.api, &shapes.v1].into_iter().flat_map(ShapeConfig::paths).collect();
        for route in &self.0 {
            if let Some(collection) = collections.iter().find(|it| it.matches(route.segments())) {
                let reason = format!(
                    "gives a login route the path {}, which belongs to the tasks at {}",
                    route.path(),
                    collection.as_path()
                );
                return Err(ConfigError::new("issuer.login_paths", reason, "move one of the two"));
            }
        }
        Ok(())
    }
}

/// The error continues a sentence that begins with the setting's name. The hint follows a semicolon.
impl TryFrom<OneOrMany> for LoginPaths {
    type Error = &'static str;

    fn try_from(bases: OneOrMany) -> Result<Self, &'static str> {
        let mut routes: Vec<LoginRoute> = Vec::new();
        for base in bases.as_slice() {
            check_base(base)?;
            for (name, action) in ROUTES {
                let route = LoginRoute { base: base.clone(), name, action };
                if routes.iter().any(|it| it.path() == route.path()) {
                    return Err("gives two login routes the same path; remove one of its paths");
                }
                routes.push(route);
            }
        }
        Ok(Self(routes))
    }
}

fn check_base(base: &str) -> Result<(), &'static str> {
    const INVALID: &str = "contains an invalid path; write /auth, /api/v1/auth or /";
    let rest = base.strip_prefix('/').ok_or(INVALID)?;
    let is_name = |it: &str| {
        !matches!(it, "" | "." | "..")
            && it.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_.~".contains(&it))
    };
    if !rest.is_empty() && !rest.split('/').all(is_name) {
        return Err(INVALID);
    }
    if rest.split('/').next().is_some_and(|it| RESERVED.contains(&it)) {
        return Err("contains a path of another part of this server; write /auth, /api/v1/auth or /");
    }
    if base.strip_prefix(BETTER_AUTH).is_some_and(|rest| rest.starts_with('/')) {
        return Err(
            "contains a path below /api/auth, whose routes are Better Auth's; write /api/auth itself",
        );
    }
    Ok(())
}
