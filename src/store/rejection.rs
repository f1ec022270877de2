//! Writes that the table of another program does not accept, in an adopted database.
//!
//! `todo-api adopt` makes triggers that write to that table. When one of their statements fails, PostgreSQL describes where: the context of the
//! error quotes the statement. So each statement has a comment ([`Marker`]) with the members of a task that constraints and columns belong
//! to. To catch the error in the trigger would cost a subtransaction for each written row.

use std::borrow::Cow;
use std::fmt;

use sqlx::postgres::PgDatabaseError;

use crate::error::ApiError;
use crate::task::FieldError;

/// SQLSTATE of a value that a trigger of `todo-api adopt` refuses. The column is the member, and the message is for the client.
pub(crate) const INVALID_MEMBER: &str = "TA422";
/// SQLSTATE of a user who cannot be in the adopted column.
pub(crate) const UNKNOWN_ACCOUNT: &str = "TA403";

/// The member that stands for the user of a task in a [`Marker`].
pub(crate) const USER: &str = "user_id";
/// The member that stands for the id. No client sends it.
pub(crate) const ID: &str = "id";

/// The beginning of the comment.
const BEGIN: &str = "/* todo-api ";

/// What a statement of a trigger writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The fields of a task.
    Fields,
    /// The columns that are attributes.
    Attributes,
    /// A deletion.
    Deletion,
    /// A check of deferred constraints.
    Deferred,
}

const PARTS: [Part; 4] = [Part::Fields, Part::Attributes, Part::Deletion, Part::Deferred];

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Fields => "fields",
            Self::Attributes => "attributes",
            Self::Deletion => "deletion",
            Self::Deferred => "deferred",
        }
    }
}

/// A constraint or a column, and the members of a task that it belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    /// The name of the constraint, or of the column after a point.
    pub(crate) name: String,
    pub(crate) members: Vec<String>,
}

/// The comment of a statement: `/* todo-api fields tasks_pkey=id tasks_slug_key=slug */`. Names with other characters than letters, digits,
/// `_`, `-` and `.` are left out, so that none can end the comment. An error that they belong to names no member.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Marker<'a> {
    pub(crate) part: Part,
    pub(crate) names: &'a [Named],
}

impl fmt::Display for Marker<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain =
            |name: &str| name.chars().all(|it| it.is_alphanumeric() || matches!(it, '_' | '-' | '.'));
        write!(f, "{BEGIN}{}", self.part.name())?;
        for Named { name, members } in self.names {
            if !members.is_empty() && is_plain(name) && members.iter().all(|it| is_plain(it)) {
                write!(f, " {name}={}", members.join(","))?;
            }
        }
        f.write_str(" */")
    }
}

/// Where a statement of a trigger has failed.
struct Failure<'a> {
    error: &'a PgDatabaseError,
    part: Part,
    /// The names of the marker.
    names: &'a str,
    /// Whether the statement itself has failed, and not a trigger of the other program.
    is_direct: bool,
    /// Whether a trigger of the other program has raised the error on purpose.
    is_raised: bool,
}

/// The error of the API, if the adopted table has not accepted what a client has sent. Faults of the database that no client can correct stay
/// as they are.
pub(super) fn of(error: &PgDatabaseError) -> Option<ApiError> {
    match error.code() {
        UNKNOWN_ACCOUNT => return Some(ApiError::UnknownAccount),
        INVALID_MEMBER => {
            let member = error.column().unwrap_or("body").to_owned();
            return Some(invalid(member, error.message().to_owned()));
        }
        _ => {}
    }
    let failure = Failure::new(error)?;
    let rejection = failure.rejection()?;
    // The message of PostgreSQL may have the value.
    let (sqlstate, constraint) = (error.code(), error.constraint().unwrap_or_default());
    tracing::info!(sqlstate, constraint, "the adopted table has rejected a write");
    Some(rejection)
}

impl<'a> Failure<'a> {
    fn new(error: &'a PgDatabaseError) -> Option<Self> {
        let context = error.r#where()?;
        let (before, after) = context.split_once(BEGIN)?;
        let (names, _) = after.split_once(" */")?;
        let part = PARTS.into_iter().find(|part| names.starts_with(part.name()))?;
        let first = context.lines().next().unwrap_or_default();
        Some(Self {
            error,
            part,
            names,
            is_direct: !before.contains('\n'),
            // PostgreSQL translates the line, but not the name of the statement.
            is_raised: first.ends_with(" RAISE"),
        })
    }

    fn rejection(&self) -> Option<ApiError> {
        let code = self.error.code();
        let is_raised = self.is_raised && (code == "P0001" || matches!(code.get(..2), Some("22" | "23")));
        let is_rejected = is_raised || self.is_direct && self.is_caused_by_client();
        if !is_rejected {
            return None;
        }
        if self.part == Part::Deletion {
            return Some(invalid(
                ID,
                if code == "23503" {
                    "The task is used by other data and cannot be deleted"
                } else {
                    "The database does not accept the deletion of this task"
                },
            ));
        }
        let members = self.members();
        if members.contains(&USER) {
            return Some(ApiError::UnknownAccount);
        }
        if members.is_empty() {
            return Some(match self.part {
                Part::Attributes => {
                    invalid("attributes", "The database does not accept the value of an attribute")
                }
                _ => invalid("body", "The database does not accept this task"),
            });
        }
        let errors = members.into_iter().map(|it| FieldError::new(it.to_owned(), self.message(it)));
        Some(ApiError::Validation(errors.collect()))
    }

    /// Whether the value of a client can be the cause. The ids, the times and the columns that are no attributes do not come from clients.
    fn is_caused_by_client(&self) -> bool {
        let (code, members) = (self.error.code(), self.members());
        if members.contains(&ID) {
            return false;
        }
        match (self.part, code) {
            (Part::Deletion, _) => code == "23503",
            // A word of a status, or a value of --set, that is not in the table which the column refers to.
            (Part::Fields, "23503") => members.contains(&USER),
            (Part::Fields, _) => matches!(code, "22001" | "23505" | "23514" | "23P01"),
            // 2200H: a sequence is exhausted.
            (Part::Attributes | Part::Deferred, _) => {
                code != "2200H" && matches!(code.get(..2), Some("22" | "23"))
            }
        }
    }

    /// The members that the constraint belongs to, or else the column.
    fn members(&self) -> Vec<&'a str> {
        let find = |name: &str| {
            let pairs = self.names.split(' ').filter_map(|pair| pair.split_once('='));
            pairs.filter(|(it, _)| *it == name).map(|(_, members)| members.split(',').collect()).next()
        };
        if let Some(members) = self.error.constraint().and_then(find) {
            return members;
        }
        let Some(column) = self.error.column() else { return Vec::new() };
        find(&format!(".{column}")).unwrap_or_else(|| vec![column])
    }

    fn message(&self, member: &str) -> String {
        match self.error.code() {
            "23502" => format!("{member} cannot be null"),
            "23503" => format!("{member} refers to something that does not exist"),
            "23505" | "23P01" => format!("Another task has the same {member}"),
            _ => format!("The database does not accept the value of {member}"),
        }
    }
}

fn invalid(field: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> ApiError {
    ApiError::Validation(vec![FieldError::new(field, message)])
}
