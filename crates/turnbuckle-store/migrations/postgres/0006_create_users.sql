-- People who sign in to the console, and the sessions of those who have.

CREATE TABLE console_user (
    workspace     bigint NOT NULL,
    seq           bigint NOT NULL,
    tail          bigint NOT NULL,
    name          text NOT NULL,
    role          text NOT NULL,
    password_hash text NOT NULL,
    created_at_ms bigint NOT NULL,
    updated_at_ms bigint NOT NULL,
    PRIMARY KEY (workspace, seq)
);

CREATE UNIQUE INDEX console_user_name ON console_user (name);

CREATE TABLE console_session (
    workspace     bigint NOT NULL,
    hash          bytea NOT NULL,
    console_user  bigint NOT NULL,
    expires_at_ms bigint NOT NULL,
    PRIMARY KEY (workspace, hash)
);

CREATE UNIQUE INDEX console_session_hash ON console_session (hash);
