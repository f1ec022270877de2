//! Mail to users: so far, the link by which a password is reset.

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::tables::User;
use crate::config::IssuerConfig;

/// How mail goes out.
#[derive(Debug, Clone)]
pub(super) enum Post {
    /// By a mail server, from this address.
    Smtp(Box<AsyncSmtpTransport<Tokio1Executor>>, Mailbox),
    /// Nowhere, but who develops finds the link in the log.
    Log,
    /// Nowhere.
    Nowhere,
}

impl Post {
    pub(super) fn new(settings: &IssuerConfig) -> Self {
        match (settings.smtp_url.as_ref(), settings.mail_from.as_ref()) {
            (Some(smtp), Some(from)) => Self::Smtp(Box::new(smtp.transport()), from.0.clone()),
            _ if settings.log_reset_links => Self::Log,
            _ => Self::Nowhere,
        }
    }

    /// Sends the link by which a user resets their password.
    pub(super) async fn send_reset(&self, user: &User, link: String) {
        match self {
            Self::Smtp(server, from) => {
                let sent = match letter(from, user, &link) {
                    Ok(letter) => server.send(letter).await.map(drop).map_err(|error| error.to_string()),
                    Err(error) => Err(error),
                };
                if let Err(error) = sent {
                    tracing::error!(error, "a mail cannot be sent");
                }
            }
            Self::Log => tracing::debug!(link, "the link to reset a password, which nothing can mail"),
            Self::Nowhere => {
                tracing::warn!("a password is to be reset, and no SMTP_URL is set to mail the link");
            }
        }
    }
}

fn letter(from: &Mailbox, user: &User, link: &str) -> Result<Message, String> {
    let address = user.email.parse().map_err(|error| format!("the address is none: {error}"))?;
    let text = format!(
        "Somebody, probably you, wants to reset your password. To choose a new one, open this within an hour:\n\n\
         {link}\n\nIf it was not you, ignore this mail: nothing has changed.\n"
    );
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, address))
        .subject("Reset your password")
        .header(ContentType::TEXT_PLAIN)
        .body(text)
        .map_err(|error| error.to_string())
}
