-- Users, their sessions and passwords, exactly as Better Auth (1.7) makes these tables for itself. Where it has made them,
-- they are used as they are.
CREATE TABLE IF NOT EXISTS "user" (
    id              TEXT    NOT NULL PRIMARY KEY,
    name            TEXT    NOT NULL,
    email           TEXT    NOT NULL UNIQUE,
    "emailVerified" INTEGER NOT NULL,
    image           TEXT,
    "createdAt"     TEXT    NOT NULL,
    "updatedAt"     TEXT    NOT NULL
);

CREATE TABLE IF NOT EXISTS session (
    id          TEXT    NOT NULL PRIMARY KEY,
    "expiresAt" TEXT    NOT NULL,
    token       TEXT    NOT NULL UNIQUE,
    "createdAt" TEXT    NOT NULL,
    "updatedAt" TEXT    NOT NULL,
    "ipAddress" TEXT,
    "userAgent" TEXT,
    "userId"    TEXT    NOT NULL REFERENCES "user" (id) ON DELETE CASCADE
);

CREATE TABLE IF NOT EXISTS account (
    id                      TEXT    NOT NULL PRIMARY KEY,
    "accountId"             TEXT    NOT NULL,
    "providerId"            TEXT    NOT NULL,
    "userId"                TEXT    NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
    "accessToken"           TEXT,
    "refreshToken"          TEXT,
    "idToken"               TEXT,
    "accessTokenExpiresAt"  TEXT,
    "refreshTokenExpiresAt" TEXT,
    scope                   TEXT,
    password                TEXT,
    "createdAt"             TEXT    NOT NULL,
    "updatedAt"             TEXT    NOT NULL
);

CREATE TABLE IF NOT EXISTS verification (
    id          TEXT    NOT NULL PRIMARY KEY,
    identifier  TEXT    NOT NULL,
    value       TEXT    NOT NULL,
    "expiresAt" TEXT    NOT NULL,
    "createdAt" TEXT    NOT NULL,
    "updatedAt" TEXT    NOT NULL
);

CREATE TABLE IF NOT EXISTS jwks (
    id           TEXT    NOT NULL PRIMARY KEY,
    "publicKey"  TEXT    NOT NULL,
    "privateKey" TEXT    NOT NULL,
    "createdAt"  TEXT    NOT NULL,
    "expiresAt"  TEXT,
    alg          TEXT,
    crv          TEXT
);

CREATE INDEX IF NOT EXISTS "session_userId_idx" ON session ("userId");
CREATE INDEX IF NOT EXISTS "account_userId_idx" ON account ("userId");
CREATE INDEX IF NOT EXISTS "verification_identifier_idx" ON verification (identifier);
