-- Calls of functions, for whoever wrote them: a log.

CREATE TABLE function_call (
    workspace   bigint NOT NULL,
    seq         bigint NOT NULL,
    tail        bigint NOT NULL,
    function    bigint NOT NULL,
    -- The number of the version that ran.
    version     bigint NOT NULL,
    method      text NOT NULL,
    status      bigint NOT NULL,
    is_failed   boolean NOT NULL,
    duration_ms bigint NOT NULL,
    detail      text NOT NULL,
    PRIMARY KEY (workspace, seq)
) PARTITION BY RANGE (seq);

CREATE INDEX function_call_function ON function_call (workspace, function, seq);

CREATE INDEX function_call_failed ON function_call (workspace, function, seq) WHERE is_failed;

CREATE TABLE function_call_rest PARTITION OF function_call DEFAULT;
