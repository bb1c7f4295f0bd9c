-- The store on PostgreSQL.
--
-- The workspace comes first in every primary key. `seq` and `tail` are the two
-- integers of an id (see turnbuckle_core::id). Documents are text: they are
-- read back as they were written, and no statement looks into them.
--
-- Pending work lives in small queue tables and moves to a log when it is
-- finished. Logs are partitioned by time: `seq` is that of an id. Their weeks
-- are made ahead (partitions.rs); what falls outside goes to the default one.

-- Numbers the processes that open the store, for the ids that they mint.
CREATE SEQUENCE process_no;

-- Processes that have the store open: each says again and again that it is there,
-- and has a session that ends with it.
CREATE TABLE process (
    no              bigint PRIMARY KEY,
    seen_at         timestamptz NOT NULL,
    session         integer NOT NULL,
    session_started timestamptz NOT NULL
) WITH (fillfactor = 50);

-- Who works on what. A lease of a process that is not there any more is free.
CREATE TABLE lease (
    task    text NOT NULL,
    shard   bigint NOT NULL,
    process bigint,
    PRIMARY KEY (task, shard)
) WITH (fillfactor = 50);

INSERT INTO lease (task, shard)
    SELECT task, shard FROM unnest(ARRAY['process', 'deliver']) AS task, generate_series(0, 15) AS shard
    UNION ALL VALUES ('match', 0), ('upkeep', 0);

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

CREATE TABLE context (
    workspace     bigint NOT NULL,
    no            bigint GENERATED ALWAYS AS IDENTITY,
    external_id   text NOT NULL,
    external_name text,
    attributes    text NOT NULL,
    created_at_ms bigint NOT NULL,
    PRIMARY KEY (workspace, no),
    CONSTRAINT context_external_id UNIQUE (workspace, external_id)
);

CREATE TABLE connection (
    workspace       bigint NOT NULL,
    no              bigint GENERATED ALWAYS AS IDENTITY,
    id              text NOT NULL,
    context         text NOT NULL,
    connector       text NOT NULL,
    time_zone       text NOT NULL,
    error           text,
    objects         text,
    mapping         text,
    mapping_version bigint NOT NULL DEFAULT 0,
    -- Counts the changes of its entities, their columns and search keys.
    schema_version  bigint NOT NULL DEFAULT 1,
    version         bigint NOT NULL DEFAULT 1,
    created_at_ms   bigint NOT NULL,
    updated_at_ms   bigint NOT NULL,
    PRIMARY KEY (workspace, no),
    CONSTRAINT connection_id UNIQUE (workspace, id)
);

-- Whoever writes records of a connection, or subscribes to them, locks its row
-- here and mints the ids of changes and subscriptions above `last_seq`: so they
-- rise in the order of the commits, whichever process makes them. The row of
-- the connection itself is shared by then.
CREATE TABLE connection_line (
    workspace  bigint NOT NULL,
    connection bigint NOT NULL,
    last_seq   bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace, connection)
) WITH (fillfactor = 50);

-- Deleted connections of which something is left to erase.
CREATE TABLE erasure (
    workspace  bigint NOT NULL,
    connection bigint NOT NULL,
    -- Row key before which nothing is of it.
    since      bigint NOT NULL,
    -- Tables that were walked through to their end, and the row key up to which
    -- the next one was.
    walked     bigint NOT NULL DEFAULT 0,
    position   bigint NOT NULL,
    PRIMARY KEY (workspace, connection)
);

CREATE TABLE entity (
    workspace   bigint NOT NULL,
    no          bigint GENERATED ALWAYS AS IDENTITY,
    connection  bigint NOT NULL,
    name        text NOT NULL,
    document    text NOT NULL,
    -- Highest record number given out; never given again.
    last_number bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace, no),
    CONSTRAINT entity_name UNIQUE (workspace, connection, name)
) WITH (fillfactor = 50);

CREATE TABLE entity_column (
    workspace bigint NOT NULL,
    no        bigint GENERATED ALWAYS AS IDENTITY,
    entity    bigint NOT NULL,
    name      text NOT NULL,
    document  text NOT NULL,
    -- 0: no search keys. 1: being filled. 2: complete.
    key_state bigint NOT NULL,
    PRIMARY KEY (workspace, no),
    CONSTRAINT entity_column_name UNIQUE (workspace, entity, name)
);

CREATE TABLE record (
    workspace     bigint NOT NULL,
    entity        bigint NOT NULL,
    seq           bigint NOT NULL,
    id            uuid NOT NULL,
    number        bigint NOT NULL,
    version       bigint NOT NULL,
    created_at_ms bigint NOT NULL,
    updated_at_ms bigint NOT NULL,
    data          text NOT NULL,
    PRIMARY KEY (workspace, entity, seq),
    CONSTRAINT record_id UNIQUE (workspace, entity, id)
);

CREATE TABLE record_key (
    workspace     bigint NOT NULL,
    entity_column bigint NOT NULL,
    key           bytea NOT NULL,
    record        bigint NOT NULL,
    PRIMARY KEY (workspace, entity_column, key, record)
);

-- Changes that are not matched yet.
CREATE TABLE change_queue (
    workspace            bigint NOT NULL,
    seq                  bigint NOT NULL,
    tail                 bigint NOT NULL,
    connection           bigint NOT NULL,
    entity               text NOT NULL,
    record               text NOT NULL,
    change_type          bigint NOT NULL,
    origin               bigint NOT NULL,
    number               bigint NOT NULL,
    version              bigint NOT NULL,
    created_at_ms        bigint NOT NULL,
    updated_at_ms        bigint NOT NULL,
    before_updated_at_ms bigint,
    before_data          text,
    after_data           text,
    written              text NOT NULL,
    PRIMARY KEY (workspace, seq)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

CREATE INDEX change_queue_seq ON change_queue (seq);

-- The feed: changes that are matched, in the order in which they were.
CREATE TABLE change (
    LIKE change_queue,
    position bigint NOT NULL,
    PRIMARY KEY (workspace, seq)
) PARTITION BY RANGE (seq);

CREATE INDEX change_position ON change (workspace, position);

CREATE TABLE change_rest PARTITION OF change DEFAULT;

-- The highest position given out, and the highest row key of a delivery. Whoever
-- matches or stores messages locks it until its end, so both rise in the order
-- of the commits, whichever process it is.
CREATE TABLE feed (
    shard    bigint PRIMARY KEY,
    position bigint NOT NULL,
    delivery bigint NOT NULL
) WITH (fillfactor = 50);

INSERT INTO feed VALUES (0, 0, 0);

CREATE TABLE deferred_change (
    workspace  bigint NOT NULL,
    connection bigint NOT NULL,
    object     text NOT NULL,
    change     bigint NOT NULL,
    PRIMARY KEY (workspace, connection, object, change)
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

-- Events that are not processed yet.
CREATE TABLE inbound_queue (
    workspace   bigint NOT NULL,
    seq         bigint NOT NULL,
    tail        bigint NOT NULL,
    source      bigint NOT NULL,
    source_tail bigint NOT NULL,
    connection  bigint NOT NULL,
    -- Of its source: whoever has the lease of it processes the event.
    shard       bigint NOT NULL,
    headers     text NOT NULL,
    -- As it came, which need not be text.
    query       bytea NOT NULL,
    body        bytea NOT NULL,
    PRIMARY KEY (workspace, seq)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

CREATE INDEX inbound_queue_seq ON inbound_queue (seq);

CREATE TABLE inbound_event (
    workspace   bigint NOT NULL,
    seq         bigint NOT NULL,
    tail        bigint NOT NULL,
    source      bigint NOT NULL,
    source_tail bigint NOT NULL,
    connection  bigint NOT NULL,
    -- 4: failed. 5: done.
    status      bigint NOT NULL,
    headers     text NOT NULL,
    query       bytea NOT NULL,
    body        bytea NOT NULL,
    error       text,
    warnings    text NOT NULL,
    PRIMARY KEY (workspace, seq)
) PARTITION BY RANGE (seq);

CREATE INDEX inbound_event_source ON inbound_event (workspace, source, seq);

CREATE INDEX inbound_event_failed ON inbound_event (workspace, seq) WHERE status = 4;

CREATE TABLE inbound_event_rest PARTITION OF inbound_event DEFAULT;

CREATE TABLE inbound_record (
    workspace bigint NOT NULL,
    event     bigint NOT NULL,
    item      bigint NOT NULL,
    entity    text NOT NULL,
    record    text NOT NULL,
    PRIMARY KEY (workspace, event, item)
) PARTITION BY RANGE (event);

CREATE INDEX inbound_record_record ON inbound_record (workspace, record);

CREATE TABLE inbound_record_rest PARTITION OF inbound_record DEFAULT;

CREATE TABLE dedupe (
    workspace bigint NOT NULL,
    source    bigint NOT NULL,
    -- Of any characters, also those that text cannot hold.
    key       bytea NOT NULL,
    event     bigint NOT NULL,
    tail      bigint NOT NULL,
    PRIMARY KEY (workspace, source, key)
);

CREATE INDEX dedupe_event ON dedupe (event);

CREATE TABLE subscription (
    workspace     bigint NOT NULL,
    seq           bigint NOT NULL,
    tail          bigint NOT NULL,
    connection    bigint NOT NULL,
    object        text NOT NULL,
    -- Entity and record id, or search event and payload.
    is_search     boolean NOT NULL,
    target        text NOT NULL,
    detail        text NOT NULL,
    identity      uuid NOT NULL,
    needs_recheck boolean NOT NULL,
    PRIMARY KEY (workspace, seq),
    CONSTRAINT subscription_identity UNIQUE (workspace, connection, object, identity)
);

CREATE INDEX subscription_object ON subscription (workspace, connection, object, seq);

CREATE TABLE subscription_key (
    workspace    bigint NOT NULL,
    key          bigint NOT NULL,
    subscription bigint NOT NULL,
    PRIMARY KEY (workspace, key, subscription)
);

CREATE INDEX subscription_key_subscription ON subscription_key (workspace, subscription);

CREATE TABLE rekeying (
    workspace       bigint NOT NULL,
    connection      bigint NOT NULL,
    object          text NOT NULL,
    mapping_version bigint NOT NULL,
    PRIMARY KEY (workspace, connection, object)
);

CREATE TABLE endpoint (
    workspace          bigint NOT NULL,
    seq                bigint NOT NULL,
    tail               bigint NOT NULL,
    -- Null hears of all.
    connection         bigint,
    settings           text NOT NULL,
    sealed             bytea NOT NULL,
    -- 2: active. 3: paused. 4: disabled.
    status             bigint NOT NULL,
    status_reason      text,
    last_success_at_ms bigint,
    version            bigint NOT NULL,
    created_at_ms      bigint NOT NULL,
    updated_at_ms      bigint NOT NULL,
    PRIMARY KEY (workspace, seq)
);

-- Messages that are to be sent: the head of each line, and what waits behind it.
CREATE TABLE delivery_queue (
    workspace           bigint NOT NULL,
    seq                 bigint NOT NULL,
    tail                bigint NOT NULL,
    endpoint            bigint NOT NULL,
    endpoint_tail       bigint NOT NULL,
    -- 0 of a message that stems from no change.
    connection          bigint NOT NULL,
    -- Hash of endpoint, connection, object and record: the line that the message stands in.
    line                bigint NOT NULL,
    -- 2: head. 3: waiting behind a head.
    state               bigint NOT NULL,
    at_ms               bigint NOT NULL,
    attempt_count       bigint NOT NULL,
    -- Failures of the line so far: its place in the retry schedule.
    failure_count       bigint NOT NULL,
    last_status         bigint,
    -- Row key and rest of the change's id; null where there is none.
    change              bigint,
    change_tail         bigint,
    change_type         bigint,
    object              text NOT NULL,
    record              text NOT NULL,
    -- Columns that the changes in it touched, to unite with those of the next one.
    changed             text NOT NULL,
    body                bytea NOT NULL,
    -- Of one that waits: whether what comes next may be merged with it, and what it
    -- becomes if the one before it is given up for it, where that differs.
    coalesce            boolean NOT NULL,
    superseding_type    bigint,
    superseding_changed text,
    superseding_body    bytea,
    PRIMARY KEY (workspace, seq)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

CREATE INDEX delivery_queue_due ON delivery_queue (endpoint, at_ms, seq) WHERE state = 2;

CREATE INDEX delivery_queue_line ON delivery_queue (line, seq);

-- Messages that were delivered, given up or superseded.
CREATE TABLE delivery (
    workspace     bigint NOT NULL,
    seq           bigint NOT NULL,
    tail          bigint NOT NULL,
    endpoint      bigint NOT NULL,
    endpoint_tail bigint NOT NULL,
    connection    bigint NOT NULL,
    -- 4: delivered. 5: dead. 6: superseded.
    state         bigint NOT NULL,
    ended_at_ms   bigint NOT NULL,
    attempt_count bigint NOT NULL,
    last_status   bigint,
    -- How long the attempt took that delivered it.
    duration_ms   bigint,
    change        bigint,
    change_tail   bigint,
    change_type   bigint,
    object        text NOT NULL,
    record        text NOT NULL,
    changed       text NOT NULL,
    body          bytea NOT NULL,
    PRIMARY KEY (workspace, seq)
) PARTITION BY RANGE (seq);

CREATE INDEX delivery_endpoint ON delivery (workspace, endpoint, seq);

CREATE INDEX delivery_dead ON delivery (workspace, endpoint, seq) WHERE state = 5;

CREATE TABLE delivery_rest PARTITION OF delivery DEFAULT;

-- Attempts; the one that delivered is told by its delivery alone.
CREATE TABLE attempt (
    workspace     bigint NOT NULL,
    delivery      bigint NOT NULL,
    number        bigint NOT NULL,
    at_ms         bigint NOT NULL,
    duration_ms   bigint NOT NULL,
    status        bigint,
    error         text,
    -- Null of a success.
    response_body bytea,
    PRIMARY KEY (workspace, delivery, at_ms)
) PARTITION BY RANGE (delivery);

CREATE TABLE attempt_rest PARTITION OF attempt DEFAULT;

CREATE TABLE run (
    workspace     bigint NOT NULL,
    id            text NOT NULL,
    kind          bigint NOT NULL,
    request       text NOT NULL,
    total         bigint NOT NULL,
    done          bigint NOT NULL,
    failed        bigint NOT NULL,
    position      bigint NOT NULL,
    started_at_ms bigint NOT NULL,
    ended_at_ms   bigint,
    PRIMARY KEY (workspace, id)
);

CREATE INDEX run_open ON run (id) WHERE ended_at_ms IS NULL;

CREATE TABLE recovered_line (
    workspace bigint NOT NULL,
    run       text NOT NULL,
    line      bigint NOT NULL,
    PRIMARY KEY (workspace, run, line)
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
