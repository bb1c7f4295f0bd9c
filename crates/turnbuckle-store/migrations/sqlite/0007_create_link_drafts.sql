-- What end users have begun in Link and not finished, by the connection that it is about.

CREATE TABLE link_draft (
    connection  INTEGER PRIMARY KEY,
    document    TEXT NOT NULL,
    version     INTEGER NOT NULL,
    saved_at_ms INTEGER NOT NULL
);
