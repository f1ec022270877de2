//! Checks of tokens: the secret, the issuer's published keys, the accepted claims and the built-in authentication.

use super::report::{Fault, Finding, Found};
use crate::auth::{PublishedKeys, expected_claims, fetch_published_keys};
use crate::config::{AuthConfig, ConfigError, ConfigLoader, IssuerConfig};

const NEEDS_AUTH: &str = "needs a valid section auth";

/// The secret's presence and length. Its strength cannot be seen.
pub(super) fn check_secret(auth: Result<&AuthConfig, &ConfigError>) -> Finding {
    let auth = auth.map_err(Fault::from)?;
    Ok(Found::Good(match &auth.secret {
        Some(secret) => format!("{} bytes", secret.len()),
        None => "none; tokens are verified with the issuer's published keys only".to_owned(),
    }))
}

/// The published keys, with the line of the report.
pub(super) struct Fetched {
    pub(super) keys: Option<PublishedKeys>,
    pub(super) found: Found,
}

/// Fetches the issuer's keys as the server does.
pub(super) async fn fetch_keys(auth: Option<&AuthConfig>) -> Result<Fetched, Fault> {
    let skipped = |found| Ok(Fetched { keys: None, found });
    let Some(auth) = auth else { return skipped(Found::Skipped(NEEDS_AUTH)) };
    let hint =
        "start Better Auth with the plugin jwt(), or correct BETTER_AUTH_URL (auth.url) or auth.jwks_url";
    match fetch_published_keys(auth).await {
        Ok(None) => {
            skipped(Found::Good("no issuer is configured; tokens are verified with the secret".to_owned()))
        }
        // Better Auth creates its first key when it signs its first token.
        Ok(Some(keys)) if keys.published == 0 => {
            let text = format!("{} publishes no keys yet; sign in once, so that it creates one", keys.host);
            Ok(Fetched { keys: Some(keys), found: Found::Doubtful(text) })
        }
        Ok(Some(keys)) if keys.usable == 0 => Err(Fault::new(
            format!("{} publishes {} keys, but none is usable", keys.host, keys.published),
            "use an algorithm of specs/api/contract.md, such as EdDSA, the default of jwt()",
        )),
        Ok(Some(keys)) => {
            let text = format!(
                "{} publishes {} keys, of which {} are usable",
                keys.host, keys.published, keys.usable
            );
            Ok(Fetched { keys: Some(keys), found: Found::Good(text) })
        }
        Err(reason) => Err(Fault::new(format!("cannot be fetched ({reason})"), hint)),
    }
}

/// The `iss` and `aud` that a token must have. Shown, because a mismatch rejects every user.
pub(super) fn check_claims(auth: Option<&AuthConfig>) -> Found {
    let Some(auth) = auth else { return Found::Skipped(NEEDS_AUTH) };
    let expected = expected_claims(auth);
    let list = |values: Option<Vec<String>>| values.map_or_else(|| "any".to_owned(), |it| it.join(" or "));
    Found::Good(format!("iss {}, aud {}", list(expected.issuers), list(expected.audiences)))
}

/// The section `issuer`, together with the secret and the URL that it requires.
pub(super) fn check_issuer(loader: &ConfigLoader, auth: Option<&AuthConfig>) -> Finding {
    let issuer = loader.issuer().map_err(|error| Fault::from(&error))?;
    if !issuer.enabled {
        return Ok(Found::Good("disabled".to_owned()));
    }
    let Some(auth) = auth else { return Ok(Found::Skipped(NEEDS_AUTH)) };
    loader.check_issuer(&issuer, auth).map_err(|error| Fault::from(&error))?;
    Ok(Found::Good(describe(&issuer)))
}

fn describe(issuer: &IssuerConfig) -> String {
    let origin = issuer.origin().unwrap_or_else(|| "the origin of each request".to_owned());
    let mail = if issuer.smtp_url.is_some() { "sends" } else { "does not send" };
    format!("enabled at /api/auth, iss {origin}, {mail} emails")
}
