-- User names in lower case, by which users sign in beside their email. Only for servers with `issuer.usernames`.
CREATE TABLE username (
    username text NOT NULL PRIMARY KEY,
    "userId" text NOT NULL UNIQUE REFERENCES "user" (id) ON DELETE CASCADE
);
