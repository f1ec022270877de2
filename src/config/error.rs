//! A setting that cannot work, said in one line that repeats no secret.

use std::borrow::Cow;
use std::fmt;

use figment::error::Kind;

/// Which setting is wrong, what is wrong with it, and how to mend it.
#[derive(Debug)]
pub struct ConfigError {
    setting: String,
    wrong: Cow<'static, str>,
    mend: Cow<'static, str>,
}

/// The plain variables under which people know a key. `NAME (key)` is how both are shown.
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
    /// `key` is the setting's full key; `wrong` continues a sentence that begins with it; `mend` is an instruction.
    pub fn new(key: &str, wrong: impl Into<Cow<'static, str>>, mend: impl Into<Cow<'static, str>>) -> Self {
        let variable = VARIABLES.iter().find(|(known, _)| *known == key);
        let setting = variable.map_or_else(|| key.to_owned(), |(_, name)| format!("{name} ({key})"));
        Self { setting, wrong: wrong.into(), mend: mend.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}; {}", self.setting, self.wrong, self.mend)
    }
}

impl std::error::Error for ConfigError {}

/// Figment's own wording quotes the value it found, which may be a secret or a URL with a password. Ours does not.
impl From<figment::Error> for ConfigError {
    fn from(error: figment::Error) -> Self {
        let mut path = error.path;
        if matches!(error.kind, Kind::UnknownField(..)) {
            path.pop();
        }
        let key = path.join(".");
        let source = error.metadata.as_ref().map_or(Cow::Borrowed("the configuration"), source_of);
        let (wrong, mend) = match &error.kind {
            Kind::Message(message) => match message.split_once("; ") {
                Some((wrong, mend)) => (wrong.to_owned(), mend.to_owned()),
                None => (format!("cannot be read: {message}"), format!("correct it in {source}")),
            },
            Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => {
                (format!("must be {}", plainly(expected)), format!("correct it in {source}"))
            }
            Kind::UnknownField(name, known) => (
                format!("has no key '{name}'"),
                format!("correct it in {source}; it has {}", known.join(", ")),
            ),
            Kind::UnknownVariant(_, known) => {
                (format!("must be one of {}", known.join(", ")), format!("correct it in {source}"))
            }
            Kind::MissingField(name) => {
                (format!("has no '{name}'"), "set it in Rocket.toml or by a ROCKET_ variable".to_owned())
            }
            _ => ("is out of range".to_owned(), format!("correct it in {source}")),
        };
        let key = if key.is_empty() { "Rocket.toml" } else { &key };
        Self::new(key, wrong, mend)
    }
}

/// What serde calls types, for people.
fn plainly(expected: &str) -> &str {
    match expected {
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "bool" | "a boolean" => "true or false",
        other => other,
    }
}

fn source_of(metadata: &figment::Metadata) -> Cow<'static, str> {
    match &metadata.source {
        // A place in our code: that is how we hand on the plain variables.
        Some(figment::Source::Code(_)) => "the environment".into(),
        Some(source) => source.to_string().into(),
        None => metadata.name.clone(),
    }
}
