-- People who sign in to the console, and the sessions of those who have.

CREATE TABLE console_user (
    seq           INTEGER PRIMARY KEY,
    tail          INTEGER NOT NULL,
    workspace     INTEGER NOT NULL,
    name          TEXT NOT NULL,
    role          TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL
);

CREATE UNIQUE INDEX console_user_name ON console_user (name);

CREATE TABLE console_session (
    hash          BLOB PRIMARY KEY,
    console_user  INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL
) WITHOUT ROWID;
