-- The store on PostgreSQL.
--
-- The workspace comes first in every primary key. `seq` and `tail` are the two
-- integers of an id (see turnbuckle_core::id). Documents are text: they are
-- read back as they were written, and no statement looks into them.

CREATE TABLE note (
    name  text PRIMARY KEY,
    value text NOT NULL
);

CREATE TABLE workspace (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug          text NOT NULL CONSTRAINT workspace_slug UNIQUE,
    label         text NOT NULL,
    created_at_ms bigint NOT NULL
);

-- Counts the changes of what a workspace has configured. A transaction that
-- changes any of it updates this row first, so those of one workspace follow
-- each other.
CREATE TABLE configuration (
    workspace bigint PRIMARY KEY,
    version   bigint NOT NULL
);

CREATE TABLE setting (
    workspace bigint NOT NULL,
    name      text NOT NULL,
    document  text NOT NULL,
    PRIMARY KEY (workspace, name)
);

CREATE TABLE api_key (
    workspace       bigint NOT NULL,
    seq             bigint NOT NULL,
    tail            bigint NOT NULL,
    publishable     text NOT NULL CONSTRAINT api_key_publishable UNIQUE,
    secret_hash     bytea NOT NULL,
    label           text NOT NULL,
    scopes          text NOT NULL,
    addresses       text NOT NULL,
    created_at_ms   bigint NOT NULL,
    last_used_at_ms bigint,
    PRIMARY KEY (workspace, seq)
);

CREATE TABLE source (
    workspace     bigint NOT NULL,
    seq           bigint NOT NULL,
    tail          bigint NOT NULL,
    connection    bigint NOT NULL,
    name          text NOT NULL,
    settings      text NOT NULL,
    version       bigint NOT NULL,
    created_at_ms bigint NOT NULL,
    updated_at_ms bigint NOT NULL,
    PRIMARY KEY (workspace, seq)
);

CREATE TABLE source_key (
    workspace     bigint NOT NULL,
    source        bigint NOT NULL,
    seq           bigint NOT NULL,
    tail          bigint NOT NULL,
    hash          bytea NOT NULL CONSTRAINT source_key_hash UNIQUE,
    sealed        bytea NOT NULL,
    created_at_ms bigint NOT NULL,
    expires_at_ms bigint,
    PRIMARY KEY (workspace, source, seq)
);

CREATE TABLE bin (
    name          text PRIMARY KEY,
    workspace     bigint NOT NULL,
    created_at_ms bigint NOT NULL,
    expires_at_ms bigint NOT NULL,
    label         text NOT NULL
);

CREATE INDEX bin_workspace ON bin (workspace);

CREATE TABLE bin_request (
    bin     text NOT NULL,
    number  bigint GENERATED ALWAYS AS IDENTITY,
    at_ms   bigint NOT NULL,
    method  text NOT NULL,
    query   text NOT NULL,
    headers text NOT NULL,
    body    bytea NOT NULL,
    PRIMARY KEY (bin, number)
);

CREATE TABLE idempotency (
    workspace     bigint NOT NULL,
    key           text NOT NULL,
    fingerprint   bytea NOT NULL,
    claimed_at_ms bigint NOT NULL,
    answer        bytea,
    PRIMARY KEY (workspace, key)
);

CREATE INDEX idempotency_claimed_at ON idempotency (claimed_at_ms);
