-- What happened in workspaces, counted by the minute. Rows are added and never changed: those
-- of one minute add up. `minute` counts from the Unix epoch, `id` is chosen by chance.

CREATE TABLE statistics (
    workspace bigint NOT NULL,
    minute    bigint NOT NULL,
    id        bigint NOT NULL,
    counts    text NOT NULL,
    PRIMARY KEY (workspace, minute, id)
);

CREATE INDEX statistics_minute ON statistics (minute);
