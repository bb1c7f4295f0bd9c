-- Scripts of users, in versions.

CREATE TABLE function (
    workspace     bigint NOT NULL,
    seq           bigint NOT NULL,
    tail          bigint NOT NULL,
    name          text NOT NULL,
    settings      text NOT NULL,
    -- The newest version, and the one that callers get.
    draft         bigint NOT NULL,
    published     bigint,
    version       bigint NOT NULL,
    created_at_ms bigint NOT NULL,
    updated_at_ms bigint NOT NULL,
    PRIMARY KEY (workspace, seq),
    CONSTRAINT function_name UNIQUE (workspace, name)
);

CREATE TABLE function_version (
    workspace     bigint NOT NULL,
    function      bigint NOT NULL,
    number        bigint NOT NULL,
    code          text NOT NULL,
    created_at_ms bigint NOT NULL,
    PRIMARY KEY (workspace, function, number)
);

CREATE TABLE function_key (
    workspace     bigint NOT NULL,
    seq           bigint NOT NULL,
    tail          bigint NOT NULL,
    -- Null opens every function of the workspace.
    function      bigint,
    hash          bytea NOT NULL CONSTRAINT function_key_hash UNIQUE,
    sealed        bytea NOT NULL,
    created_at_ms bigint NOT NULL,
    PRIMARY KEY (workspace, seq)
);

CREATE INDEX function_key_function ON function_key (workspace, function);
