-- What end users have begun to authorise, and what opens the accounts that they did.

CREATE TABLE connection_authorization (
    id            BLOB PRIMARY KEY,
    workspace     INTEGER NOT NULL,
    connection    TEXT NOT NULL,
    context       TEXT NOT NULL,
    connector     TEXT NOT NULL,
    time_zone     TEXT NOT NULL,
    state_hash    BLOB NOT NULL UNIQUE,
    sealed        BLOB NOT NULL,
    status        TEXT NOT NULL,
    error_code    TEXT,
    error_message TEXT,
    begun_at_ms   INTEGER NOT NULL
);
CREATE INDEX connection_authorization_connection
    ON connection_authorization (workspace, connection, begun_at_ms);

CREATE TABLE credentials (
    connection  INTEGER PRIMARY KEY,
    sealed      BLOB NOT NULL,
    saved_at_ms INTEGER NOT NULL
);
