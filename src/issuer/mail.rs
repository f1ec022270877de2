//! Password reset emails.

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::store::User;
use crate::config::IssuerConfig;

/// Delivery of password reset emails.
#[derive(Debug, Clone)]
pub(super) enum Mailer {
    /// Sends the email to an SMTP server, with this `From` address.
    Smtp(Box<AsyncSmtpTransport<Tokio1Executor>>, Mailbox),
    /// Logs the link at `debug`, for development.
    Log,
    /// Drops the link and logs a warning.
    Disabled,
}

impl Mailer {
    pub(super) fn new(settings: &IssuerConfig) -> Self {
        match (settings.smtp_url.as_ref(), settings.mail_from.as_ref()) {
            (Some(smtp), Some(from)) => Self::Smtp(Box::new(smtp.transport()), from.0.clone()),
            _ if settings.log_reset_links => Self::Log,
            _ => Self::Disabled,
        }
    }

    /// Sends the link with which the user can reset the password. Errors are only logged.
    pub(super) async fn send_reset(&self, user: &User, link: String) {
        match self {
            Self::Smtp(server, from) => {
                let sent = match reset_email(from, user, &link) {
                    Ok(email) => server.send(email).await.map(drop).map_err(|error| error.to_string()),
                    Err(error) => Err(error),
                };
                if let Err(error) = sent {
                    tracing::error!(error, "failed to send email");
                }
            }
            Self::Log => tracing::debug!(link, "password reset link (SMTP is not configured)"),
            Self::Disabled => {
                tracing::warn!("password reset requested but SMTP_URL is not set; no email sent");
            }
        }
    }
}

fn reset_email(from: &Mailbox, user: &User, link: &str) -> Result<Message, String> {
    let to = user.email.parse().map_err(|error| format!("the user's email is invalid: {error}"))?;
    let text = format!(
        "Somebody, probably you, wants to reset your password. To choose a new one, open this within an hour:\n\n\
         {link}\n\nIf it was not you, ignore this mail: nothing has changed.\n"
    );
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject("Reset your password")
        .header(ContentType::TEXT_PLAIN)
        .body(text)
        .map_err(|error| error.to_string())
}
