-- What end users have begun in Link and not finished, by the connection that it is about.

CREATE TABLE link_draft (
    workspace   bigint NOT NULL,
    connection  bigint NOT NULL,
    document    text NOT NULL,
    version     bigint NOT NULL,
    saved_at_ms bigint NOT NULL,
    PRIMARY KEY (workspace, connection)
);
