//! Rows by column name.

/// Implements sqlx's `FromRow` for the rows of both engines: `row_by_name!(User, |row| Self { id: row.try_get("id")? })`.
///
/// sqlx's own derive macro would build both drivers, with SQLite and aws-lc, a second time for the compiler (ADR 9).
macro_rules! row_by_name {
    ($row_type:ident, |$row:ident| $value:expr) => {
        $crate::issuer::store::row::row_by_name!($row_type, sqlx::postgres::PgRow, |$row| $value);
        $crate::issuer::store::row::row_by_name!($row_type, sqlx::sqlite::SqliteRow, |$row| $value);
    };
    ($row_type:ident, $engine_row:ty, |$row:ident| $value:expr) => {
        impl<'r> sqlx::FromRow<'r, $engine_row> for $row_type {
            fn from_row($row: &'r $engine_row) -> sqlx::Result<Self> {
                use sqlx::Row as _;
                Ok($value)
            }
        }
    };
}

pub(super) use row_by_name;
