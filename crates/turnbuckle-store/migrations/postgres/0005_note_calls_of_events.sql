-- Calls of functions that inbound events wait for, from their beginning to their end: one
-- whose process is gone was cut off.
CREATE TABLE event_call (
    workspace     bigint NOT NULL,
    event         bigint NOT NULL,
    call          bigint NOT NULL,
    call_tail     bigint NOT NULL,
    function      bigint NOT NULL,
    function_tail bigint NOT NULL,
    -- The number of the version that runs.
    version       bigint NOT NULL,
    -- The number of the process that makes it; none has the number 0.
    process       bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace, event)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- 2: to be made into records. 3: its function is called first. The two wait apart, so that
-- however many wait for slow functions, nobody reads past them. While the version before
-- this one runs, it finds what is new by the primary key, which takes it longer.
ALTER TABLE inbound_queue ADD COLUMN stage bigint NOT NULL DEFAULT 2;

DROP INDEX inbound_queue_seq;

CREATE INDEX inbound_queue_new ON inbound_queue (seq) WHERE stage = 2;

CREATE INDEX inbound_queue_call ON inbound_queue (source, seq) WHERE stage = 3;
