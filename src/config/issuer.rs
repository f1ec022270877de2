//! The section `issuer`: whether people sign up and in here, and how.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use serde::Deserialize;

use super::HttpUrl;

/// The section `issuer`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Issuer {
    /// Whether `/api/auth` is there.
    pub enabled: bool,
    /// What tokens are signed with.
    pub alg: IssuerAlgorithm,
    /// This server's own public URL. See [`Issuer::origin`].
    url: Option<HttpUrl>,
    /// Whether callers who come too often are sent away for a while.
    pub rate_limit: bool,
    /// Passwords hashed at once. See [`Issuer::hashers`].
    hashers: Option<usize>,
    token_lifetime: u32,
    key_lifetime: Option<u32>,
    key_grace: u32,
    #[serde(default)]
    trusted_proxies: Vec<Network>,
    /// The server that takes mail.
    pub smtp_url: Option<SmtpUrl>,
    /// Whose mail it is.
    pub mail_from: Option<MailAddress>,
    /// Whether a user's sessions go on when their password is reset.
    pub keep_sessions_on_reset: bool,
    /// Whether links that nothing can mail are in the log, at `debug`.
    pub log_links: bool,
}

/// The algorithm of the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum IssuerAlgorithm {
    /// With `auth.secret`.
    HS256,
    /// With a key that is made and kept in the database, as Better Auth does it.
    EdDSA,
}

impl Issuer {
    /// This server's own origin, where it is configured; else it is that of each request.
    #[must_use]
    pub fn origin(&self) -> Option<String> {
        self.url.as_ref().map(|url| url.0.origin().ascii_serialization())
    }

    /// Passwords hashed at once, at most: as configured, else by half of the cores, so that the others are the tasks'.
    #[must_use]
    pub fn hashers(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.hashers.unwrap_or(cores / 2).max(1)
    }

    /// How long a token is good for.
    #[must_use]
    pub fn token_lifetime(&self) -> Duration {
        Duration::from_secs(self.token_lifetime.into())
    }

    /// After how long a new key signs, if ever.
    #[must_use]
    pub fn key_lifetime(&self) -> Option<Duration> {
        self.key_lifetime.map(|seconds| Duration::from_secs(seconds.into()))
    }

    /// How long a key that no longer signs is published.
    #[must_use]
    pub fn key_grace(&self) -> Duration {
        Duration::from_secs(self.key_grace.into())
    }

    /// Whether what this address says of others (`X-Forwarded-For`, `X-Forwarded-Proto`) is believed.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|it| it.0.contains(&address.to_canonical()))
    }
}

/// An address, or a network of them: `10.0.0.0/8`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
struct Network(IpNet);

/// The error reads on after the setting's name, and has the mend after a semicolon.
impl TryFrom<String> for Network {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let net = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        net.map(Self).ok_or("has what is no network; write 10.0.0.0/8 or 10.0.0.1")
    }
}

/// `smtps://user:password@host`, or `smtp://…?tls=required`. Never shown.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct SmtpUrl(AsyncSmtpTransport<Tokio1Executor>);

impl SmtpUrl {
    /// What sends mail there.
    #[must_use]
    pub fn transport(&self) -> AsyncSmtpTransport<Tokio1Executor> {
        self.0.clone()
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmtpUrl(…)")
    }
}

/// The error reads on after the setting's name, and has the mend after a semicolon.
impl TryFrom<String> for SmtpUrl {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        // The error might quote the password.
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(&text);
        builder.map(|it| Self(it.build())).map_err(|_| {
            "is no smtp:// or smtps:// URL; write smtps://user:password@host or smtp://user:password@host:587?tls=required"
        })
    }
}

/// `Tasks <tasks@example.com>`, or the address alone.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct MailAddress(pub Mailbox);

/// The error reads on after the setting's name, and has the mend after a semicolon.
impl TryFrom<String> for MailAddress {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        text.parse().map(Self).map_err(|_| "is no address; write Tasks <tasks@example.com>")
    }
}
