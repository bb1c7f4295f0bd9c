//! What travels, in an order where what is referred to comes first.
//!
//! Tables and columns are those of the PostgreSQL half, which keeps pending work
//! apart from the logs and the workspace with every row; from the other half they
//! are read so.

use super::table::{Column, Table};

/// Columns are written as `name: kind`, and behind that what else holds of them.
macro_rules! tables {
    ($($table:ident { $($column:ident: $kind:ident $($is:ident)*),* $(,)? })*) => {
        pub static TABLES: &[Table] = &[$(Table {
            name: stringify!($table),
            columns: &[$(Column::$kind(stringify!($column))$(.$is())*),*],
        }),*];
    };
}

tables! {
    note { name: text, value: text }
    workspace { id: integer, slug: text, label: text, created_at_ms: integer }
    setting { workspace: integer, name: text, document: text }
    api_key {
        workspace: integer, seq: integer, tail: integer, publishable: text, secret_hash: bytes,
        label: text, scopes: text, addresses: text, created_at_ms: integer,
        last_used_at_ms: integer nullable,
    }
    console_user {
        workspace: integer, seq: integer, tail: integer, name: text, role: text,
        password_hash: text, created_at_ms: integer, updated_at_ms: integer,
    }
    context {
        workspace: integer, no: integer, external_id: text, external_name: text nullable,
        attributes: text, created_at_ms: integer,
    }
    connection {
        workspace: integer, no: integer, id: text, context: text, connector: text, time_zone: text,
        error: text nullable, objects: text nullable, mapping: text nullable,
        mapping_version: integer, version: integer, created_at_ms: integer, updated_at_ms: integer,
    }
    credentials { workspace: integer, connection: integer, sealed: bytes, saved_at_ms: integer }
    link_draft {
        workspace: integer, connection: integer, document: text, version: integer,
        saved_at_ms: integer,
    }
    entity {
        workspace: integer, no: integer, connection: integer, name: text, document: text,
        last_number: integer,
    }
    entity_column {
        workspace: integer, no: integer, entity: integer, name: text, document: text,
        key_state: integer,
    }
    record {
        workspace: integer, entity: integer, seq: integer, id: uuid, number: integer,
        version: integer, created_at_ms: integer, updated_at_ms: integer, data: text,
    }
    record_key { workspace: integer, entity_column: integer, key: bytes, record: integer }
    // Before those that are not matched yet: they all lie behind it.
    change {
        workspace: integer, seq: integer, tail: integer, connection: integer, entity: text,
        record: text, change_type: integer, origin: integer, number: integer, version: integer,
        created_at_ms: integer, updated_at_ms: integer, before_updated_at_ms: integer nullable,
        before_data: text nullable, after_data: text nullable, written: text,
        // On the embedded store it is the row key.
        position: integer uncompared,
    }
    change_queue {
        workspace: integer, seq: integer, tail: integer, connection: integer, entity: text,
        record: text, change_type: integer, origin: integer, number: integer, version: integer,
        created_at_ms: integer, updated_at_ms: integer, before_updated_at_ms: integer nullable,
        before_data: text nullable, after_data: text nullable, written: text,
    }
    deferred_change { workspace: integer, connection: integer, object: text, change: integer }
    source {
        workspace: integer, seq: integer, tail: integer, connection: integer, name: text,
        settings: text, version: integer, created_at_ms: integer, updated_at_ms: integer,
    }
    source_key {
        workspace: integer, source: integer, seq: integer, tail: integer, hash: bytes,
        sealed: bytes, created_at_ms: integer, expires_at_ms: integer nullable,
    }
    function {
        workspace: integer, seq: integer, tail: integer, name: text, settings: text,
        draft: integer, published: integer nullable, version: integer, created_at_ms: integer,
        updated_at_ms: integer,
    }
    function_version {
        workspace: integer, function: integer, number: integer, code: text, created_at_ms: integer,
    }
    function_key {
        workspace: integer, seq: integer, tail: integer, function: integer nullable, hash: bytes,
        sealed: bytes, created_at_ms: integer,
    }
    function_call {
        workspace: integer, seq: integer, tail: integer, function: integer, version: integer,
        method: text, status: integer, is_failed: boolean, duration_ms: integer, detail: text,
    }
    inbound_event {
        workspace: integer, seq: integer, tail: integer, source: integer,
        source_tail: integer uncompared, connection: integer, status: integer, headers: text,
        query: bytes, body: bytes, error: text nullable, warnings: text,
    }
    inbound_queue {
        workspace: integer, seq: integer, tail: integer, source: integer,
        source_tail: integer uncompared, connection: integer, headers: text, query: bytes,
        body: bytes,
    }
    event_call {
        workspace: integer, event: integer, call: integer, call_tail: integer, function: integer,
        function_tail: integer, version: integer,
    }
    inbound_record {
        workspace: integer, event: integer, item: integer, entity: text, record: text,
        change: integer nullable,
    }
    dedupe { workspace: integer, source: integer, key: bytes, event: integer, tail: integer }
    subscription {
        workspace: integer, seq: integer, tail: integer, connection: integer, object: text,
        is_search: boolean, target: text, detail: text, identity: uuid, needs_recheck: boolean,
    }
    subscription_key { workspace: integer, key: integer, subscription: integer }
    rekeying { workspace: integer, connection: integer, object: text, mapping_version: integer }
    endpoint {
        workspace: integer, seq: integer, tail: integer, connection: integer nullable,
        settings: text, sealed: bytes, status: integer, status_reason: text nullable,
        last_success_at_ms: integer nullable, version: integer, created_at_ms: integer,
        updated_at_ms: integer,
    }
    delivery {
        workspace: integer, seq: integer, tail: integer, endpoint: integer,
        endpoint_tail: integer uncompared, connection: integer, state: integer,
        ended_at_ms: integer, attempt_count: integer, last_status: integer nullable,
        duration_ms: integer nullable, change: integer nullable,
        change_tail: integer nullable uncompared, change_type: integer nullable, object: text,
        record: text, changed: text, body: bytes,
    }
    delivery_queue {
        workspace: integer, seq: integer, tail: integer, endpoint: integer,
        endpoint_tail: integer uncompared, connection: integer, line: integer, state: integer,
        at_ms: integer, attempt_count: integer, failure_count: integer,
        last_status: integer nullable, change: integer nullable,
        change_tail: integer nullable uncompared, change_type: integer nullable, object: text,
        record: text, changed: text, body: bytes, coalesce: boolean,
        superseding_type: integer nullable, superseding_changed: text nullable,
        superseding_body: bytes nullable,
    }
    attempt {
        workspace: integer, delivery: integer, number: integer, at_ms: integer,
        duration_ms: integer, status: integer nullable, error: text nullable,
        response_body: bytes nullable,
    }
    run {
        workspace: integer, id: text, kind: integer, request: text, total: integer, done: integer,
        failed: integer, position: integer, started_at_ms: integer, ended_at_ms: integer nullable,
    }
    recovered_line { workspace: integer, run: text, line: integer }
    statistics { workspace: integer, minute: integer, id: integer, counts: text }
    bin {
        name: text, workspace: integer, created_at_ms: integer, expires_at_ms: integer, label: text,
    }
    bin_request {
        bin: text, number: integer, at_ms: integer, method: text, query: text, headers: text,
        body: bytes,
    }
    idempotency {
        workspace: integer, key: text, fingerprint: bytes, claimed_at_ms: integer,
        answer: bytes nullable,
    }
}
