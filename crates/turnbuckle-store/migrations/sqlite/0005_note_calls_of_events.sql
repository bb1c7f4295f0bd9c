-- Calls of functions that inbound events wait for, from their beginning to their end: one
-- that is found here by a process that did not begin it was cut off.
CREATE TABLE event_call (
    event         INTEGER PRIMARY KEY,
    call          INTEGER NOT NULL,
    call_tail     INTEGER NOT NULL,
    function      INTEGER NOT NULL,
    function_tail INTEGER NOT NULL,
    -- The number of the version that runs.
    version       INTEGER NOT NULL
);
