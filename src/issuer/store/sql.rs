//! SQL statements on Better Auth's tables, as constants. Column names are quoted because Better Auth writes them in camelCase.

use crate::store::sql::Statement;

macro_rules! user {
    () => {
        r#"u.name, u.email, u."emailVerified", u.image, u."createdAt", u."updatedAt", u.id"#
    };
}

macro_rules! session {
    () => {
        r#"s."expiresAt", s.token, s."createdAt", s."updatedAt", s."ipAddress", s."userAgent", s."userId", s.id"#
    };
}

/// `$1` id, `$2` name, `$3` email, `$4` image, `$5` now. Inserts no row if the email is taken.
pub const INSERT_USER: Statement = Statement::portable(concat!(
    r#"INSERT INTO "user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt") "#,
    "VALUES ($1, $2, $3, FALSE, $4, $5, $5) ON CONFLICT DO NOTHING"
));
/// `$1` id, `$2` user id, `$3` password hash, `$4` now.
pub const INSERT_ACCOUNT: Statement = Statement::portable(concat!(
    r#"INSERT INTO account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt") "#,
    "VALUES ($1, $2, 'credential', $2, $3, $4, $4)"
));
/// `$1` id, `$2` token, `$3` user id, `$4` client IP, `$5` user agent, `$6` now, `$7` expiry.
pub const INSERT_SESSION: Statement = Statement::portable(concat!(
    r#"INSERT INTO session (id, token, "userId", "ipAddress", "userAgent", "createdAt", "updatedAt", "expiresAt") "#,
    "VALUES ($1, $2, $3, $4, $5, $6, $6, $7)"
));
/// `$1` user id, `$2` maximum. Deletes the user's sessions beyond the maximum: those with the oldest refresh.
pub const TRIM_SESSIONS: Statement = Statement::portable(concat!(
    r#"DELETE FROM session WHERE "userId" = $1 AND id NOT IN ("#,
    r#"SELECT id FROM session WHERE "userId" = $1 ORDER BY "updatedAt" DESC, "createdAt" DESC, id LIMIT $2)"#
));
/// `$1` user id. Locks the user's row, so that transactions on the same user run after each other. Updates no row if the user was deleted.
pub const LOCK_USER: Statement =
    Statement::portable(r#"UPDATE "user" SET "updatedAt" = "updatedAt" WHERE id = $1"#);
/// `$1` email.
pub const USER_BY_EMAIL: Statement =
    Statement::portable(concat!("SELECT ", user!(), r#" FROM "user" u WHERE u.email = $1"#));
/// `$1` user name in lower case.
pub const USER_BY_USERNAME: Statement = Statement::portable(concat!(
    "SELECT ",
    user!(),
    r#" FROM username n JOIN "user" u ON u.id = n."userId" WHERE n.username = $1"#
));
/// `$1` user id.
pub const USERNAME: Statement = Statement::portable(r#"SELECT username FROM username WHERE "userId" = $1"#);
/// `$1` user name in lower case, `$2` user id. Inserts no row if the name is taken.
pub const INSERT_USERNAME: Statement = Statement::portable(
    r#"INSERT INTO username (username, "userId") VALUES ($1, $2) ON CONFLICT DO NOTHING"#,
);
/// `$1` id.
pub const USER_BY_ID: Statement =
    Statement::portable(concat!("SELECT ", user!(), r#" FROM "user" u WHERE u.id = $1"#));
/// `$1` user id. The password hash.
pub const PASSWORD: Statement = Statement::portable(
    r#"SELECT password FROM account WHERE "userId" = $1 AND "accountId" = $1 AND "providerId" = 'credential'"#,
);
/// `$1` user id, `$2` password hash, `$3` now.
pub const SET_PASSWORD: Statement = Statement::portable(concat!(
    r#"UPDATE account SET password = $2, "updatedAt" = $3 "#,
    r#"WHERE "userId" = $1 AND "accountId" = $1 AND "providerId" = 'credential'"#
));
/// As [`INSERT_ACCOUNT`], but inserts no row if the user has a password.
pub const INSERT_FIRST_ACCOUNT: Statement = Statement::portable(concat!(
    r#"INSERT INTO account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt") "#,
    "SELECT $1, $2, 'credential', $2, $3, $4, $4 WHERE NOT EXISTS (SELECT 1 FROM account ",
    r#"WHERE "userId" = $2 AND "accountId" = $2 AND "providerId" = 'credential')"#
));
/// `$1` user id, `$2` now, `$3` name or null, `$4` whether to set the image, `$5` image.
pub const UPDATE_USER: Statement = Statement::portable(concat!(
    r#"UPDATE "user" SET name = coalesce($3, name), image = CASE WHEN $4 THEN $5 ELSE image END, "updatedAt" = $2 "#,
    "WHERE id = $1"
));
/// `$1` id. The foreign keys delete the user's accounts and sessions.
pub const DELETE_USER: Statement = Statement::portable(r#"DELETE FROM "user" WHERE id = $1"#);
/// `$1` user id.
pub const ACCOUNTS: Statement = Statement::portable(concat!(
    r#"SELECT a."accountId", a."providerId", a."userId", a."createdAt", a."updatedAt", a.id, a.scope "#,
    r#"FROM account a WHERE a."userId" = $1 ORDER BY a."createdAt""#
));
/// `$1` token.
pub const SESSION_WITH_USER: Statement = Statement::portable(concat!(
    "SELECT ",
    session!(),
    r#", u.name AS "userName", u.email AS "userEmail", u."emailVerified" AS "userEmailVerified", u.image AS "userImage","#,
    r#" u."createdAt" AS "userCreatedAt", u."updatedAt" AS "userUpdatedAt""#,
    r#" FROM session s JOIN "user" u ON u.id = s."userId" WHERE s.token = $1"#
));
/// `$1` token, `$2` now, `$3` expiry.
pub const REFRESH_SESSION: Statement =
    Statement::portable(r#"UPDATE session SET "updatedAt" = $2, "expiresAt" = $3 WHERE token = $1"#);
/// `$1` user id, `$2` now, `$3` limit. The newest first.
pub const SESSIONS: Statement = Statement::portable(concat!(
    "SELECT ",
    session!(),
    r#" FROM session s WHERE s."userId" = $1 AND s."expiresAt" > $2 ORDER BY s."createdAt" DESC LIMIT $3"#
));
/// `$1` token.
pub const DELETE_SESSION: Statement = Statement::portable("DELETE FROM session WHERE token = $1");
/// `$1` user id, `$2` token.
pub const REVOKE_SESSION: Statement =
    Statement::portable(r#"DELETE FROM session WHERE "userId" = $1 AND token = $2"#);
/// `$1` user id.
pub const REVOKE_SESSIONS: Statement = Statement::portable(r#"DELETE FROM session WHERE "userId" = $1"#);
/// `$1` user id, `$2` whether to delete.
pub const REVOKE_SESSIONS_IF: Statement =
    Statement::portable(r#"DELETE FROM session WHERE "userId" = $1 AND $2"#);
/// `$1` user id, `$2` token of the session to keep.
pub const REVOKE_OTHER_SESSIONS: Statement =
    Statement::portable(r#"DELETE FROM session WHERE "userId" = $1 AND token <> $2"#);
/// `$1` id, `$2` identifier, `$3` value, `$4` now, `$5` expiry.
pub const INSERT_VERIFICATION: Statement = Statement::portable(concat!(
    r#"INSERT INTO verification (id, identifier, value, "createdAt", "updatedAt", "expiresAt") "#,
    "VALUES ($1, $2, $3, $4, $4, $5)"
));
/// `$1` identifier, `$2` now.
pub const VERIFICATION: Statement =
    Statement::portable(r#"SELECT value FROM verification WHERE identifier = $1 AND "expiresAt" > $2"#);
/// `$1` identifier, `$2` now.
pub const CONSUME_VERIFICATION: Statement =
    Statement::portable(r#"DELETE FROM verification WHERE identifier = $1 AND "expiresAt" > $2"#);
/// `$1` user id. Deletes the user's password reset tokens.
pub const REVOKE_RESETS: Statement =
    Statement::portable("DELETE FROM verification WHERE value = $1 AND identifier LIKE 'reset-password:%'");
/// `$1` now.
pub const DELETE_EXPIRED_SESSIONS: Statement =
    Statement::portable(r#"DELETE FROM session WHERE "expiresAt" <= $1"#);
/// `$1` now.
pub const DELETE_EXPIRED_VERIFICATIONS: Statement =
    Statement::portable(r#"DELETE FROM verification WHERE "expiresAt" <= $1"#);
/// `$1` time. Keys that expire after it or never, the newest first.
pub const KEYS: Statement = Statement::portable(concat!(
    r#"SELECT k.id, k."publicKey", k."privateKey", k."expiresAt", k.alg FROM jwks k "#,
    r#"WHERE k."expiresAt" IS NULL OR k."expiresAt" > $1 ORDER BY k."createdAt" DESC, k.id"#
));
/// `$1` id, `$2` public key, `$3` private key, `$4` now, `$5` expiry or null.
pub const INSERT_KEY: Statement = Statement::portable(concat!(
    r#"INSERT INTO jwks (id, "publicKey", "privateKey", "createdAt", "expiresAt", alg, crv) "#,
    "VALUES ($1, $2, $3, $4, $5, 'EdDSA', 'Ed25519')"
));

/// All statements by name, for the test that prepares each on both engines.
pub const ALL: &[(&str, Statement)] = &[
    ("INSERT_USER", INSERT_USER),
    ("INSERT_ACCOUNT", INSERT_ACCOUNT),
    ("INSERT_SESSION", INSERT_SESSION),
    ("TRIM_SESSIONS", TRIM_SESSIONS),
    ("LOCK_USER", LOCK_USER),
    ("USER_BY_EMAIL", USER_BY_EMAIL),
    ("USER_BY_ID", USER_BY_ID),
    ("USER_BY_USERNAME", USER_BY_USERNAME),
    ("USERNAME", USERNAME),
    ("INSERT_USERNAME", INSERT_USERNAME),
    ("PASSWORD", PASSWORD),
    ("SET_PASSWORD", SET_PASSWORD),
    ("INSERT_FIRST_ACCOUNT", INSERT_FIRST_ACCOUNT),
    ("UPDATE_USER", UPDATE_USER),
    ("DELETE_USER", DELETE_USER),
    ("ACCOUNTS", ACCOUNTS),
    ("SESSION_WITH_USER", SESSION_WITH_USER),
    ("REFRESH_SESSION", REFRESH_SESSION),
    ("SESSIONS", SESSIONS),
    ("DELETE_SESSION", DELETE_SESSION),
    ("REVOKE_SESSION", REVOKE_SESSION),
    ("REVOKE_SESSIONS", REVOKE_SESSIONS),
    ("REVOKE_SESSIONS_IF", REVOKE_SESSIONS_IF),
    ("REVOKE_OTHER_SESSIONS", REVOKE_OTHER_SESSIONS),
    ("INSERT_VERIFICATION", INSERT_VERIFICATION),
    ("VERIFICATION", VERIFICATION),
    ("CONSUME_VERIFICATION", CONSUME_VERIFICATION),
    ("REVOKE_RESETS", REVOKE_RESETS),
    ("DELETE_EXPIRED_SESSIONS", DELETE_EXPIRED_SESSIONS),
    ("DELETE_EXPIRED_VERIFICATIONS", DELETE_EXPIRED_VERIFICATIONS),
    ("KEYS", KEYS),
    ("INSERT_KEY", INSERT_KEY),
];
