//! Configuration error: one line that names the setting, the reason and the fix, and quotes no secret.

use std::borrow::Cow;
use std::fmt;

use figment::error::Kind;

/// An invalid setting. Displayed as `SETTING REASON; HINT`.
#[derive(Debug)]
pub struct ConfigError {
    setting: String,
    reason: Cow<'static, str>,
    hint: Cow<'static, str>,
}

/// Well-known variables of keys. Messages show both as `NAME (key)`.
const VARIABLES: &[(&str, &str)] = &[
    ("databases.todo.url", "NEON_DATABASE_URL or DATABASE_URL"),
    ("databases.todo.migrate_url", "MIGRATE_DATABASE_URL"),
    ("auth.secret", "BETTER_AUTH_SECRET"),
    ("auth.url", "BETTER_AUTH_URL or NEON_AUTH_BASE_URL"),
    ("auth.jwks_url", "NEON_AUTH_JWKS_URL"),
    ("cors.origins", "CORS_ORIGINS or FRONTEND_URL"),
    ("issuer.smtp_url", "SMTP_URL"),
    ("issuer.mail_from", "MAIL_FROM"),
    ("port", "PORT"),
];

impl ConfigError {
    /// `key` is the full key of the setting. `reason` continues a sentence that begins with the key. `hint` is an instruction.
    pub fn new(key: &str, reason: impl Into<Cow<'static, str>>, hint: impl Into<Cow<'static, str>>) -> Self {
        let variable = VARIABLES.iter().find(|(it, _)| *it == key);
        let setting = variable.map_or_else(|| key.to_owned(), |(_, name)| format!("{name} ({key})"));
        Self { setting, reason: reason.into(), hint: hint.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}; {}", self.setting, self.reason, self.hint)
    }
}

impl std::error::Error for ConfigError {}

/// Replaces figment's messages, because they quote the value, which may be a secret or a URL with a password.
impl From<figment::Error> for ConfigError {
    fn from(error: figment::Error) -> Self {
        let mut path = error.path;
        if matches!(error.kind, Kind::UnknownField(..)) {
            path.pop();
        }
        let key = path.join(".");
        let source = error.metadata.as_ref().map_or(Cow::Borrowed("the configuration"), source_of);
        let (reason, hint) = match &error.kind {
            Kind::Message(message) => match message.split_once("; ") {
                Some((reason, hint)) => (reason.to_owned(), hint.to_owned()),
                None => (format!("cannot be read: {message}"), format!("correct it in {source}")),
            },
            Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => {
                (format!("must be {}", describe_type(expected)), format!("correct it in {source}"))
            }
            Kind::UnknownField(name, known) => (
                format!("has no setting '{name}'"),
                format!("correct it in {source}; known settings: {}", known.join(", ")),
            ),
            Kind::UnknownVariant(_, known) => {
                (format!("must be one of {}", known.join(", ")), format!("correct it in {source}"))
            }
            Kind::MissingField(name) => (
                format!("is missing '{name}'"),
                "set it in Rocket.toml or with a ROCKET_ variable".to_owned(),
            ),
            _ => ("is not valid".to_owned(), format!("correct it in {source}")),
        };
        let key = if key.is_empty() { "Rocket.toml" } else { &key };
        Self::new(key, reason, hint)
    }
}

/// Describes a type that serde expected.
fn describe_type(expected: &str) -> &str {
    match expected {
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "bool" | "a boolean" => "true or false",
        other => other,
    }
}

fn source_of(metadata: &figment::Metadata) -> Cow<'static, str> {
    match &metadata.source {
        // `sources` merges the well-known variables as values from code.
        Some(figment::Source::Code(_)) => "the environment".into(),
        Some(source) => source.to_string().into(),
        None => metadata.name.clone(),
    }
}
