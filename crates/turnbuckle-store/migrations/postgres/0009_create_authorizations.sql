-- What end users have begun to authorise, and what opens the accounts that they did.

CREATE TABLE connection_authorization (
    workspace     bigint NOT NULL,
    id            uuid NOT NULL,
    connection    text NOT NULL,
    context       text NOT NULL,
    connector     text NOT NULL,
    time_zone     text NOT NULL,
    state_hash    bytea NOT NULL,
    sealed        bytea NOT NULL,
    status        text NOT NULL,
    error_code    text,
    error_message text,
    begun_at_ms   bigint NOT NULL,
    PRIMARY KEY (workspace, id)
);
CREATE INDEX connection_authorization_connection
    ON connection_authorization (workspace, connection, begun_at_ms);
-- Whoever comes back from a provider names no workspace.
CREATE INDEX connection_authorization_state ON connection_authorization (state_hash);

CREATE TABLE credentials (
    workspace   bigint NOT NULL,
    connection  bigint NOT NULL,
    sealed      bytea NOT NULL,
    saved_at_ms bigint NOT NULL,
    PRIMARY KEY (workspace, connection)
);
