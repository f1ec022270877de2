//! Metadata of `/mcp` as a protected resource ([RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)): it leads a client without a token to the
//! server that issues tokens.

use rocket::http::uri::Host;
use rocket::request::Request;
use rocket::serde::json::Json;
use rocket::{Route, State, get, routes};
use serde::Serialize;
use url::Url;

use crate::config::{Config, OneOrMany};
use crate::fairings::is_loopback;

/// The path of the resource, which its metadata has as a suffix.
const PATH: &str = "/mcp";

/// The URLs and scopes of the metadata, as far as they are configured.
#[derive(Debug)]
pub(super) struct ProtectedResource {
    /// The origin of this server. `None` if no setting has it; it then comes from each request.
    origin: Option<String>,
    authorization_servers: Vec<String>,
    /// Whether this server itself issues tokens, for its own origin.
    is_issuer: bool,
    scopes: Vec<String>,
}

/// The metadata document.
#[derive(Debug, Serialize)]
struct Document {
    resource: String,
    resource_name: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authorization_servers: Vec<String>,
    bearer_methods_supported: [&'static str; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes_supported: Vec<String>,
}

impl ProtectedResource {
    /// The audience of access tokens has the URL of the resource, because clients ask for tokens for this URL. The authorization server is
    /// Better Auth, else the configured issuer, else this server.
    pub(super) fn new(config: &Config) -> Self {
        let values = |it: &Option<OneOrMany>| it.as_ref().map_or(Vec::new(), |it| it.as_slice().to_vec());
        let audience = values(&config.auth.audience).iter().filter_map(|it| http_url(it)).find(is_resource);
        let is_issuer = config.issuer.enabled;
        let issuer_origin = config.issuer.origin().filter(|_| is_issuer);
        let authorization_servers = match config.auth.base_url() {
            Some(url) => vec![url],
            None => values(&config.auth.issuer).into_iter().filter(|it| http_url(it).is_some()).collect(),
        };
        Self {
            origin: audience.map(|it| it.origin().ascii_serialization()).or(issuer_origin),
            authorization_servers,
            is_issuer,
            scopes: config.auth.scopes(),
        }
    }

    /// `WWW-Authenticate` of a 401.
    pub(super) fn challenge(&self, request: &Request<'_>, is_token_missing: bool) -> String {
        let origin = self.origin(request.host());
        let scope = match self.scopes.join(" ") {
            scopes if scopes.is_empty() => String::new(),
            scopes => format!(r#", scope="{scopes}""#),
        };
        // RFC 6750, 3.1: no error code where no token was sent.
        let error = if is_token_missing { "" } else { r#", error="invalid_token""# };
        format!(
            r#"Bearer resource_metadata="{origin}/.well-known/oauth-protected-resource{PATH}"{scope}{error}"#
        )
    }

    /// The origin of this server, as the client sees it. TLS ends at the ingress, so only a local client connects without TLS.
    fn origin(&self, host: Option<&Host<'_>>) -> String {
        match (&self.origin, host) {
            (Some(origin), _) => origin.clone(),
            (None, Some(host)) if is_loopback(host) => format!("http://{host}"),
            (None, Some(host)) => format!("https://{host}"),
            (None, None) => String::new(),
        }
    }

    fn document(&self, host: &Host<'_>) -> Document {
        let origin = self.origin(Some(host));
        let mut authorization_servers = self.authorization_servers.clone();
        if authorization_servers.is_empty() && self.is_issuer {
            authorization_servers.push(origin.clone());
        }
        Document {
            resource: format!("{origin}{PATH}"),
            resource_name: "Tasks",
            authorization_servers,
            bearer_methods_supported: ["header"],
            scopes_supported: self.scopes.clone(),
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    routes![metadata, metadata_with_path]
}

#[get("/.well-known/oauth-protected-resource")]
fn metadata(resource: &State<ProtectedResource>, host: &Host<'_>) -> Json<Document> {
    Json(resource.document(host))
}

#[get("/.well-known/oauth-protected-resource/mcp")]
fn metadata_with_path(resource: &State<ProtectedResource>, host: &Host<'_>) -> Json<Document> {
    Json(resource.document(host))
}

fn http_url(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

fn is_resource(url: &Url) -> bool {
    url.path() == PATH
}
