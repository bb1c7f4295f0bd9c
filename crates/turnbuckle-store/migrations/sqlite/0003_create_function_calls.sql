-- Calls of functions, for whoever wrote them: a log.

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
