-- What all migrations together make; a test compares it.

CREATE TABLE note (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE workspace (
    id            INTEGER PRIMARY KEY,
    slug          TEXT NOT NULL CONSTRAINT workspace_slug UNIQUE,
    label         TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL
);

CREATE TABLE setting (
    workspace INTEGER NOT NULL,
    name      TEXT NOT NULL,
    document  TEXT NOT NULL,
    PRIMARY KEY (workspace, name)
) WITHOUT ROWID;

CREATE TABLE api_key (
    seq             INTEGER PRIMARY KEY,
    tail            INTEGER NOT NULL,
    workspace       INTEGER NOT NULL,
    publishable     TEXT NOT NULL CONSTRAINT api_key_publishable UNIQUE,
    secret_hash     BLOB NOT NULL,
    label           TEXT NOT NULL,
    scopes          TEXT NOT NULL,
    addresses       TEXT NOT NULL,
    created_at_ms   INTEGER NOT NULL,
    last_used_at_ms INTEGER
);

CREATE TABLE context (
    no            INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace     INTEGER NOT NULL,
    external_id   TEXT NOT NULL,
    external_name TEXT,
    attributes    TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    CONSTRAINT context_external_id UNIQUE (workspace, external_id)
);

CREATE INDEX context_workspace ON context (workspace);

CREATE TABLE connection (
    no              INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace       INTEGER NOT NULL,
    id              TEXT NOT NULL,
    context         TEXT NOT NULL,
    connector       TEXT NOT NULL,
    time_zone       TEXT NOT NULL,
    error           TEXT,
    objects         TEXT,
    mapping         TEXT,
    mapping_version INTEGER NOT NULL DEFAULT 0,
    version         INTEGER NOT NULL DEFAULT 1,
    created_at_ms   INTEGER NOT NULL,
    updated_at_ms   INTEGER NOT NULL,
    CONSTRAINT connection_id UNIQUE (workspace, id)
);

CREATE TABLE erasure (
    connection INTEGER PRIMARY KEY,
    -- The logs, which are in the order of time, were looked at up to this row.
    position   INTEGER NOT NULL
);

CREATE TABLE entity (
    no          INTEGER PRIMARY KEY AUTOINCREMENT,
    connection  INTEGER NOT NULL,
    name        TEXT NOT NULL,
    document    TEXT NOT NULL,
    -- Highest record number given out; never given again.
    last_number INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT entity_name UNIQUE (connection, name)
);

CREATE TABLE entity_column (
    no        INTEGER PRIMARY KEY AUTOINCREMENT,
    entity    INTEGER NOT NULL,
    name      TEXT NOT NULL,
    document  TEXT NOT NULL,
    -- 0: no search keys. 1: being filled. 2: complete.
    key_state INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT entity_column_name UNIQUE (entity, name)
);

CREATE TABLE record (
    seq           INTEGER PRIMARY KEY,
    entity        INTEGER NOT NULL,
    id            BLOB NOT NULL,
    number        INTEGER NOT NULL,
    version       INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    data          TEXT NOT NULL
);

CREATE INDEX record_entity ON record (entity);

CREATE TABLE record_given_id (
    entity INTEGER NOT NULL,
    id     BLOB NOT NULL,
    record INTEGER NOT NULL,
    PRIMARY KEY (entity, id)
) WITHOUT ROWID;

CREATE TABLE record_key (
    entity_column INTEGER NOT NULL,
    key           BLOB NOT NULL,
    record        INTEGER NOT NULL,
    PRIMARY KEY (entity_column, key, record)
) WITHOUT ROWID;

CREATE TABLE change (
    seq                  INTEGER PRIMARY KEY,
    tail                 INTEGER NOT NULL,
    workspace            INTEGER NOT NULL,
    connection           INTEGER NOT NULL,
    entity               TEXT NOT NULL,
    record               TEXT NOT NULL,
    change_type          INTEGER NOT NULL,
    origin               INTEGER NOT NULL,
    number               INTEGER NOT NULL,
    version              INTEGER NOT NULL,
    created_at_ms        INTEGER NOT NULL,
    updated_at_ms        INTEGER NOT NULL,
    before_updated_at_ms INTEGER,
    before_data          TEXT,
    after_data           TEXT,
    written              TEXT NOT NULL
);

CREATE TABLE feed (
    shard           INTEGER PRIMARY KEY,
    matched_through INTEGER NOT NULL
);

CREATE TABLE deferred_change (
    connection INTEGER NOT NULL,
    object     TEXT NOT NULL,
    change     INTEGER NOT NULL,
    PRIMARY KEY (connection, object, change)
) WITHOUT ROWID;

CREATE TABLE source (
    seq           INTEGER PRIMARY KEY,
    tail          INTEGER NOT NULL,
    workspace     INTEGER NOT NULL,
    connection    INTEGER NOT NULL,
    name          TEXT NOT NULL,
    settings      TEXT NOT NULL,
    version       INTEGER NOT NULL DEFAULT 1,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL
);

CREATE INDEX source_workspace ON source (workspace);

CREATE TABLE source_key (
    seq           INTEGER PRIMARY KEY,
    tail          INTEGER NOT NULL,
    source        INTEGER NOT NULL,
    hash          BLOB NOT NULL CONSTRAINT source_key_hash UNIQUE,
    sealed        BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER
);

CREATE INDEX source_key_source ON source_key (source);

CREATE TABLE inbound_event (
    seq        INTEGER PRIMARY KEY,
    tail       INTEGER NOT NULL,
    workspace  INTEGER NOT NULL,
    source     INTEGER NOT NULL,
    connection INTEGER NOT NULL,
    -- 2: new. 4: failed. 5: done.
    status     INTEGER NOT NULL,
    headers    TEXT NOT NULL,
    query      TEXT NOT NULL,
    body       BLOB NOT NULL
);

CREATE INDEX inbound_event_new ON inbound_event (status) WHERE status = 2;

CREATE INDEX inbound_event_failed ON inbound_event (workspace) WHERE status = 4;

CREATE INDEX inbound_event_source ON inbound_event (source);

CREATE TABLE inbound_outcome (
    event    INTEGER PRIMARY KEY,
    error    TEXT,
    warnings TEXT NOT NULL
);

CREATE TABLE inbound_record (
    event  INTEGER NOT NULL,
    item   INTEGER NOT NULL,
    entity TEXT NOT NULL,
    record TEXT NOT NULL, change INTEGER,
    PRIMARY KEY (event, item)
) WITHOUT ROWID;

CREATE INDEX inbound_record_record ON inbound_record (record);

CREATE TABLE dedupe (
    source INTEGER NOT NULL,
    key    TEXT NOT NULL,
    event  INTEGER NOT NULL,
    tail   INTEGER NOT NULL,
    PRIMARY KEY (source, key)
) WITHOUT ROWID;

CREATE INDEX dedupe_event ON dedupe (event);

CREATE TABLE subscription (
    seq           INTEGER PRIMARY KEY,
    tail          INTEGER NOT NULL,
    workspace     INTEGER NOT NULL,
    connection    INTEGER NOT NULL,
    object        TEXT NOT NULL,
    -- Entity and record id, or search event and payload.
    is_search     INTEGER NOT NULL,
    target        TEXT NOT NULL,
    detail        TEXT NOT NULL,
    identity      BLOB NOT NULL,
    needs_recheck INTEGER NOT NULL,
    CONSTRAINT subscription_identity UNIQUE (connection, object, identity)
);

CREATE INDEX subscription_object ON subscription (connection, object);

CREATE TABLE subscription_key (
    key          INTEGER NOT NULL,
    subscription INTEGER NOT NULL,
    PRIMARY KEY (key, subscription)
) WITHOUT ROWID;

CREATE INDEX subscription_key_subscription ON subscription_key (subscription);

CREATE TABLE rekeying (
    connection      INTEGER NOT NULL,
    object          TEXT NOT NULL,
    mapping_version INTEGER NOT NULL,
    PRIMARY KEY (connection, object)
) WITHOUT ROWID;

CREATE TABLE endpoint (
    seq                INTEGER PRIMARY KEY,
    tail               INTEGER NOT NULL,
    workspace          INTEGER NOT NULL,
    -- Null hears of all.
    connection         INTEGER,
    settings           TEXT NOT NULL,
    sealed             BLOB NOT NULL,
    -- 2: active. 3: paused. 4: disabled.
    status             INTEGER NOT NULL,
    status_reason      TEXT,
    last_success_at_ms INTEGER,
    version            INTEGER NOT NULL DEFAULT 1,
    created_at_ms      INTEGER NOT NULL,
    updated_at_ms      INTEGER NOT NULL
);

CREATE INDEX endpoint_workspace ON endpoint (workspace);

CREATE TABLE delivery (
    seq           INTEGER PRIMARY KEY,
    tail          INTEGER NOT NULL,
    workspace     INTEGER NOT NULL,
    endpoint      INTEGER NOT NULL,
    -- 0 of a message that stems from no change.
    connection    INTEGER NOT NULL,
    -- Hash of endpoint, connection, object and record: the line that the message stands in.
    line          INTEGER NOT NULL,
    -- 2: head. 3: waiting behind a head. 4: delivered. 5: dead. 6: superseded.
    state         INTEGER NOT NULL,
    -- When it is due, then when it ended.
    at_ms         INTEGER NOT NULL,
    attempt_count INTEGER NOT NULL,
    -- Failures of the line so far: its place in the retry schedule.
    failure_count INTEGER NOT NULL,
    -- 999 while there was no answer.
    last_status   INTEGER NOT NULL,
    -- How long the attempt took that delivered it, in milliseconds above 32768: as wide
    -- before as after, so that ending a delivery moves nothing on its page.
    duration      INTEGER NOT NULL DEFAULT 32768,
    change        INTEGER NOT NULL,
    change_type   INTEGER NOT NULL,
    object        TEXT NOT NULL,
    record        TEXT NOT NULL,
    -- Columns that the changes in it touched, to unite with those of the next one.
    changed       TEXT NOT NULL,
    body          BLOB NOT NULL
);

CREATE INDEX delivery_due ON delivery (endpoint, at_ms) WHERE state = 2;

CREATE INDEX delivery_line ON delivery (line) WHERE state IN (2, 3);

CREATE INDEX delivery_dead ON delivery (endpoint) WHERE state = 5;

CREATE INDEX delivery_endpoint ON delivery (endpoint);

CREATE TABLE delivery_waiting (
    delivery         INTEGER PRIMARY KEY,
    coalesce         INTEGER NOT NULL,
    superseding_type INTEGER NOT NULL,
    -- Null where they are those of the delivery itself.
    superseding_changed TEXT,
    superseding_body BLOB
);

CREATE TABLE attempt (
    delivery      INTEGER NOT NULL,
    number        INTEGER NOT NULL,
    at_ms         INTEGER NOT NULL,
    duration_ms   INTEGER NOT NULL,
    status        INTEGER,
    error         TEXT,
    -- Null of a success.
    response_body BLOB
);

CREATE INDEX attempt_delivery ON attempt (delivery);

CREATE TABLE run (
    id            TEXT PRIMARY KEY,
    workspace     INTEGER NOT NULL,
    kind          INTEGER NOT NULL,
    request       TEXT NOT NULL,
    total         INTEGER NOT NULL,
    done          INTEGER NOT NULL,
    failed        INTEGER NOT NULL,
    position      INTEGER NOT NULL,
    started_at_ms INTEGER NOT NULL,
    ended_at_ms   INTEGER
);

CREATE INDEX run_open ON run (id) WHERE ended_at_ms IS NULL;

CREATE TABLE recovered_line (
    run  TEXT NOT NULL,
    line INTEGER NOT NULL,
    PRIMARY KEY (run, line)
) WITHOUT ROWID;

CREATE TABLE bin (
    name          TEXT PRIMARY KEY,
    workspace     INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    label         TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;

CREATE TABLE bin_request (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    bin     TEXT NOT NULL,
    at_ms   INTEGER NOT NULL,
    method  TEXT NOT NULL,
    query   TEXT NOT NULL,
    headers TEXT NOT NULL,
    body    BLOB NOT NULL
);

CREATE INDEX bin_request_bin ON bin_request (bin);

CREATE TABLE idempotency (
    workspace   INTEGER NOT NULL,
    key         TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    claimed_at_ms INTEGER NOT NULL,
    answer      BLOB,
    PRIMARY KEY (workspace, key)
) WITHOUT ROWID;

CREATE INDEX idempotency_claimed_at ON idempotency (claimed_at_ms);

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

CREATE TABLE function_call (
    seq         INTEGER PRIMARY KEY,
    tail        INTEGER NOT NULL,
    function    INTEGER NOT NULL,
    -- The number of the version that ran.
    version     INTEGER NOT NULL,
    method      TEXT NOT NULL,
    status      INTEGER NOT NULL,
    is_failed   INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    detail      TEXT NOT NULL
);

CREATE INDEX function_call_function ON function_call (function, seq);

CREATE INDEX function_call_failed ON function_call (function, seq) WHERE is_failed;

CREATE TABLE event_call (
    event         INTEGER PRIMARY KEY,
    call          INTEGER NOT NULL,
    call_tail     INTEGER NOT NULL,
    function      INTEGER NOT NULL,
    function_tail INTEGER NOT NULL,
    -- The number of the version that runs.
    version       INTEGER NOT NULL
);

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

CREATE TABLE link_draft (
    connection  INTEGER PRIMARY KEY,
    document    TEXT NOT NULL,
    version     INTEGER NOT NULL,
    saved_at_ms INTEGER NOT NULL
);

CREATE TABLE statistics (
    workspace INTEGER NOT NULL,
    minute    INTEGER NOT NULL,
    id        INTEGER NOT NULL,
    counts    TEXT NOT NULL,
    PRIMARY KEY (workspace, minute, id)
) WITHOUT ROWID;

CREATE INDEX statistics_minute ON statistics (minute);

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
