//! Names and values of another program's database in SQL.
//!
//! They are data: a table may be called `drop table`. So each has a type whose `Display` quotes it, and generated SQL has no other way to
//! contain it.

use std::fmt;

/// A name of a schema, table, column, type or role. `Display` quotes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct QuotedIdentifier(String);

impl QuotedIdentifier {
    pub(super) fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name as it is, for comparisons and messages.
    pub(super) fn plain(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for QuotedIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('"', "\"\""))
    }
}

/// The name of a table with its schema. `Display` quotes both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct QualifiedName {
    pub(super) schema: QuotedIdentifier,
    pub(super) name: QuotedIdentifier,
}

impl QualifiedName {
    pub(super) fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: QuotedIdentifier::new(schema), name: QuotedIdentifier::new(name) }
    }

    /// `schema.name`, for messages.
    pub(super) fn plain(&self) -> String {
        format!("{}.{}", self.schema.plain(), self.name.plain())
    }
}

impl fmt::Display for QualifiedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

/// A text. `Display` writes it as a string constant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Literal<'a>(pub(super) &'a str);

impl fmt::Display for Literal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = self.0.replace('\'', "''");
        if quoted.contains('\\') {
            // Escaped, so that the meaning does not depend on `standard_conforming_strings`.
            write!(f, "E'{}'", quoted.replace('\\', "\\\\"))
        } else {
            write!(f, "'{quoted}'")
        }
    }
}

/// The body of a function. `Display` writes it in dollar quotes, or as a string constant if a name in it contains the quote.
#[derive(Debug, Clone, Copy)]
pub(super) struct FunctionBody<'a>(pub(super) &'a str);

impl fmt::Display for FunctionBody<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains("$adopt$") {
            Literal(self.0).fmt(f)
        } else {
            write!(f, "$adopt$\n{}$adopt$", self.0)
        }
    }
}
