//! The report: one line per check.

use std::fmt;

use crate::config::ConfigError;

/// The result of a check: `Ok` does not prevent the server from working, `Err` does.
pub(super) type Finding = Result<Found, Fault>;

/// The result of a check that did not fail.
#[derive(Debug, Clone)]
pub(super) enum Found {
    /// As it must be.
    Good(String),
    /// As it may be, but rarely intended. Has the hint after a semicolon.
    Doubtful(String),
    /// Not checked, because the check needs the result of a failed check.
    Skipped(&'static str),
}

/// What is wrong, and the hint after a semicolon.
#[derive(Debug, Clone)]
pub(super) struct Fault(String);

impl Fault {
    pub(super) fn new(reason: impl fmt::Display, hint: impl fmt::Display) -> Self {
        Self(format!("{reason}; {hint}"))
    }
}

/// Its message has the setting, the reason and the hint.
impl From<&ConfigError> for Fault {
    fn from(error: &ConfigError) -> Self {
        Self(error.to_string())
    }
}

/// The lines of all checks, in their order.
#[derive(Debug, Default)]
pub struct Report {
    lines: Vec<(&'static str, Finding)>,
}

impl Report {
    pub(super) fn add(&mut self, check: &'static str, finding: Finding) {
        self.lines.push((check, finding));
    }

    /// Number of failed checks.
    #[must_use]
    pub fn failures(&self) -> usize {
        self.lines.iter().filter(|(_, finding)| finding.is_err()).count()
    }
}

/// `LEVEL  CHECK: TEXT` on one line each. Errors of drivers may have several lines, which are joined.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (check, finding) in &self.lines {
            let (level, text) = match finding {
                Ok(Found::Good(text)) => ("ok", text.as_str()),
                Ok(Found::Doubtful(text)) => ("warn", text.as_str()),
                Ok(Found::Skipped(text)) => ("skip", *text),
                Err(Fault(text)) => ("FAIL", text.as_str()),
            };
            writeln!(f, "{level:<5} {check}: {}", text.replace(['\n', '\r'], " "))?;
        }
        Ok(())
    }
}
