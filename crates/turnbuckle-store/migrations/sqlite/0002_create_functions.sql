-- Scripts of users, in versions.

CREATE TABLE function (
    seq           INTEGER PRIMARY KEY,
    tail          INTEGER NOT NULL,
    workspace     INTEGER NOT NULL,
    name          TEXT NOT NULL,
    settings      TEXT NOT NULL,
    -- The newest version, and the one that callers get.
    draft         INTEGER NOT NULL,
    published     INTEGER,
    version       INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    CONSTRAINT function_name UNIQUE (workspace, name)
);

CREATE TABLE function_version (
    function      INTEGER NOT NULL,
    number        INTEGER NOT NULL,
    code          TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    PRIMARY KEY (function, number)
);

CREATE TABLE function_key (
    seq           INTEGER PRIMARY KEY,
    tail          INTEGER NOT NULL,
    workspace     INTEGER NOT NULL,
    -- Null opens every function of the workspace.
    function      INTEGER,
    hash          BLOB NOT NULL CONSTRAINT function_key_hash UNIQUE,
    sealed        BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL
);

CREATE INDEX function_key_function ON function_key (workspace, function);
