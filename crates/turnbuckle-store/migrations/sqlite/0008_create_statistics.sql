-- What happened in workspaces, counted by the minute. Rows are added and never changed: those
-- of one minute add up. `minute` counts from the Unix epoch, `id` is chosen by chance.

CREATE TABLE statistics (
    workspace INTEGER NOT NULL,
    minute    INTEGER NOT NULL,
    id        INTEGER NOT NULL,
    counts    TEXT NOT NULL,
    PRIMARY KEY (workspace, minute, id)
) WITHOUT ROWID;

CREATE INDEX statistics_minute ON statistics (minute);
