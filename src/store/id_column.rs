//! The column `id` of a task. It is a `bigint` in the tables of this server, and may be an `integer` in an adopted table.

use sqlx::error::BoxDynError;
use sqlx::postgres::{PgTypeInfo, PgValueRef};
use sqlx::sqlite::{SqliteTypeInfo, SqliteValueRef};
use sqlx::{Decode, Postgres, Sqlite, Type, ValueRef};

/// An id, decoded from an integer of four or eight bytes. A cast in the view of an adopted table would hide the index of its primary key.
#[derive(Debug, Clone, Copy)]
pub(super) struct IdColumn(pub(super) i64);

impl Type<Postgres> for IdColumn {
    fn type_info() -> PgTypeInfo {
        <i64 as Type<Postgres>>::type_info()
    }

    fn compatible(info: &PgTypeInfo) -> bool {
        <i64 as Type<Postgres>>::compatible(info) || <i32 as Type<Postgres>>::compatible(info)
    }
}

impl Decode<'_, Postgres> for IdColumn {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        if <i32 as Type<Postgres>>::compatible(&value.type_info()) {
            return Ok(Self(<i32 as Decode<'_, Postgres>>::decode(value)?.into()));
        }
        Ok(Self(<i64 as Decode<'_, Postgres>>::decode(value)?))
    }
}

impl Type<Sqlite> for IdColumn {
    fn type_info() -> SqliteTypeInfo {
        <i64 as Type<Sqlite>>::type_info()
    }

    fn compatible(info: &SqliteTypeInfo) -> bool {
        <i64 as Type<Sqlite>>::compatible(info)
    }
}

impl Decode<'_, Sqlite> for IdColumn {
    fn decode(value: SqliteValueRef<'_>) -> Result<Self, BoxDynError> {
        Ok(Self(<i64 as Decode<'_, Sqlite>>::decode(value)?))
    }
}
