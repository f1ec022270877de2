//! The statements on Better Auth's tables, as constants. Its columns are camelCase and so must be quoted.

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

/// `$1` id, `$2` name, `$3` email, `$4` image, `$5` now. No row, if the email is taken.
pub const INSERT_USER: Statement = Statement::portable(concat!(
    r#"INSERT INTO "user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt") "#,
    "VALUES ($1, $2, $3, FALSE, $4, $5, $5) ON CONFLICT DO NOTHING"
));
/// `$1` id, `$2` user, `$3` the password's hash, `$4` now.
pub const INSERT_ACCOUNT: Statement = Statement::portable(concat!(
    r#"INSERT INTO account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt") "#,
    "VALUES ($1, $2, 'credential', $2, $3, $4, $4)"
));
/// `$1` id, `$2` token, `$3` user, `$4` address, `$5` user agent, `$6` now, `$7` until when.
pub const INSERT_SESSION: Statement = Statement::portable(concat!(
    r#"INSERT INTO session (id, token, "userId", "ipAddress", "userAgent", "createdAt", "updatedAt", "expiresAt") "#,
    "VALUES ($1, $2, $3, $4, $5, $6, $6, $7)"
));
/// `$1` user, `$2` how many. Deletes all but so many of the user's sessions: those that were extended longest ago.
pub const TRIM_SESSIONS: Statement = Statement::portable(concat!(
    r#"DELETE FROM session WHERE "userId" = $1 AND id NOT IN ("#,
    r#"SELECT id FROM session WHERE "userId" = $1 ORDER BY "updatedAt" DESC, "createdAt" DESC, id LIMIT $2)"#
));
/// `$1` user. Makes transactions on what is the user's take turns. No row, if there is no such user.
pub const LOCK_USER: Statement =
    Statement::portable(r#"UPDATE "user" SET "updatedAt" = "updatedAt" WHERE id = $1"#);
/// `$1` email.
pub const USER_BY_EMAIL: Statement =
    Statement::portable(concat!("SELECT ", user!(), r#" FROM "user" u WHERE u.email = $1"#));
/// `$1` id.
pub const USER_BY_ID: Statement =
    Statement::portable(concat!("SELECT ", user!(), r#" FROM "user" u WHERE u.id = $1"#));
/// `$1` user. The hash of the password, if there is one.
pub const PASSWORD: Statement = Statement::portable(
    r#"SELECT password FROM account WHERE "userId" = $1 AND "accountId" = $1 AND "providerId" = 'credential'"#,
);
/// `$1` user, `$2` the new password's hash, `$3` now.
pub const SET_PASSWORD: Statement = Statement::portable(concat!(
    r#"UPDATE account SET password = $2, "updatedAt" = $3 "#,
    r#"WHERE "userId" = $1 AND "accountId" = $1 AND "providerId" = 'credential'"#
));
/// As [`INSERT_ACCOUNT`], if the user has no password.
pub const INSERT_FIRST_ACCOUNT: Statement = Statement::portable(concat!(
    r#"INSERT INTO account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt") "#,
    "SELECT $1, $2, 'credential', $2, $3, $4, $4 WHERE NOT EXISTS (SELECT 1 FROM account ",
    r#"WHERE "userId" = $2 AND "accountId" = $2 AND "providerId" = 'credential')"#
));
/// `$1` user, `$2` now, `$3` name or null, `$4` whether to set the image, `$5` to what.
pub const UPDATE_USER: Statement = Statement::portable(concat!(
    r#"UPDATE "user" SET name = coalesce($3, name), image = CASE WHEN $4 THEN $5 ELSE image END, "updatedAt" = $2 "#,
    "WHERE id = $1"
));
/// `$1` id. What is the user's goes with it.
pub const DELETE_USER: Statement = Statement::portable(r#"DELETE FROM "user" WHERE id = $1"#);
/// `$1` user.
pub const ACCOUNTS: Statement = Statement::portable(concat!(
    r#"SELECT a."accountId", a."providerId", a."userId", a."createdAt", a."updatedAt", a.id, a.scope "#,
    r#"FROM account a WHERE a."userId" = $1 ORDER BY a."createdAt""#
));
/// `$1` token.
pub const SESSION: Statement = Statement::portable(concat!(
    "SELECT ",
    session!(),
    ", ",
    user!(),
    r#" FROM session s JOIN "user" u ON u.id = s."userId" WHERE s.token = $1"#
));
/// `$1` token, `$2` now, `$3` until when.
pub const EXTEND_SESSION: Statement =
    Statement::portable(r#"UPDATE session SET "updatedAt" = $2, "expiresAt" = $3 WHERE token = $1"#);
/// `$1` user, `$2` now, `$3` how many. The newest first.
pub const SESSIONS: Statement = Statement::portable(concat!(
    "SELECT ",
    session!(),
    r#" FROM session s WHERE s."userId" = $1 AND s."expiresAt" > $2 ORDER BY s."createdAt" DESC LIMIT $3"#
));
/// `$1` token.
pub const DELETE_SESSION: Statement = Statement::portable("DELETE FROM session WHERE token = $1");
/// `$1` user, `$2` token.
pub const REVOKE_SESSION: Statement =
    Statement::portable(r#"DELETE FROM session WHERE "userId" = $1 AND token = $2"#);
/// `$1` user.
pub const REVOKE_SESSIONS: Statement = Statement::portable(r#"DELETE FROM session WHERE "userId" = $1"#);
/// `$1` user, `$2` whether to.
pub const REVOKE_SESSIONS_IF: Statement =
    Statement::portable(r#"DELETE FROM session WHERE "userId" = $1 AND $2"#);
/// `$1` user, `$2` the token of the one to keep.
pub const REVOKE_OTHER_SESSIONS: Statement =
    Statement::portable(r#"DELETE FROM session WHERE "userId" = $1 AND token <> $2"#);
/// `$1` id, `$2` identifier, `$3` value, `$4` now, `$5` until when.
pub const INSERT_VERIFICATION: Statement = Statement::portable(concat!(
    r#"INSERT INTO verification (id, identifier, value, "createdAt", "updatedAt", "expiresAt") "#,
    "VALUES ($1, $2, $3, $4, $4, $5)"
));
/// `$1` identifier, `$2` now.
pub const VERIFICATION: Statement =
    Statement::portable(r#"SELECT value FROM verification WHERE identifier = $1 AND "expiresAt" > $2"#);
/// `$1` identifier, `$2` now.
pub const USE_VERIFICATION: Statement =
    Statement::portable(r#"DELETE FROM verification WHERE identifier = $1 AND "expiresAt" > $2"#);
/// `$1` user. What lets the user's password be reset.
pub const REVOKE_RESETS: Statement =
    Statement::portable("DELETE FROM verification WHERE value = $1 AND identifier LIKE 'reset-password:%'");
/// `$1` now.
pub const SWEEP_SESSIONS: Statement = Statement::portable(r#"DELETE FROM session WHERE "expiresAt" <= $1"#);
/// `$1` now.
pub const SWEEP_VERIFICATIONS: Statement =
    Statement::portable(r#"DELETE FROM verification WHERE "expiresAt" <= $1"#);
/// Those that are published: `$1` the time after which their own must be, if they have one.
pub const KEYS: Statement = Statement::portable(concat!(
    r#"SELECT k.id, k."publicKey", k."privateKey", k."expiresAt", k.alg FROM jwks k "#,
    r#"WHERE k."expiresAt" IS NULL OR k."expiresAt" > $1 ORDER BY k."createdAt" DESC, k.id"#
));
/// `$1` id, `$2` public key, `$3` private key, `$4` now, `$5` until when it signs or null.
pub const INSERT_KEY: Statement = Statement::portable(concat!(
    r#"INSERT INTO jwks (id, "publicKey", "privateKey", "createdAt", "expiresAt", alg, crv) "#,
    "VALUES ($1, $2, $3, $4, $5, 'EdDSA', 'Ed25519')"
));

/// All of them by name, for the test that prepares each on both engines.
pub const ALL: &[(&str, Statement)] = &[
    ("INSERT_USER", INSERT_USER),
    ("INSERT_ACCOUNT", INSERT_ACCOUNT),
    ("INSERT_SESSION", INSERT_SESSION),
    ("TRIM_SESSIONS", TRIM_SESSIONS),
    ("LOCK_USER", LOCK_USER),
    ("USER_BY_EMAIL", USER_BY_EMAIL),
    ("USER_BY_ID", USER_BY_ID),
    ("PASSWORD", PASSWORD),
    ("SET_PASSWORD", SET_PASSWORD),
    ("INSERT_FIRST_ACCOUNT", INSERT_FIRST_ACCOUNT),
    ("UPDATE_USER", UPDATE_USER),
    ("DELETE_USER", DELETE_USER),
    ("ACCOUNTS", ACCOUNTS),
    ("SESSION", SESSION),
    ("EXTEND_SESSION", EXTEND_SESSION),
    ("SESSIONS", SESSIONS),
    ("DELETE_SESSION", DELETE_SESSION),
    ("REVOKE_SESSION", REVOKE_SESSION),
    ("REVOKE_SESSIONS", REVOKE_SESSIONS),
    ("REVOKE_SESSIONS_IF", REVOKE_SESSIONS_IF),
    ("REVOKE_OTHER_SESSIONS", REVOKE_OTHER_SESSIONS),
    ("INSERT_VERIFICATION", INSERT_VERIFICATION),
    ("VERIFICATION", VERIFICATION),
    ("USE_VERIFICATION", USE_VERIFICATION),
    ("REVOKE_RESETS", REVOKE_RESETS),
    ("SWEEP_SESSIONS", SWEEP_SESSIONS),
    ("SWEEP_VERIFICATIONS", SWEEP_VERIFICATIONS),
    ("KEYS", KEYS),
    ("INSERT_KEY", INSERT_KEY),
];
