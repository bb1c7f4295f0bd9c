// The shapes of the browser API that Link uses, in one place.
import type { EventDeclaration, EventType, FieldDeclaration, FieldType, ObjectDeclaration, Objects } from "../../../../sdk/js/link/src/types";

export type { EventDeclaration, EventType, FieldDeclaration, FieldType, ObjectDeclaration, Objects };

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

export interface Platform {
  name: string;
  slug: string;
  /** Where redirect mode may return to. */
  website_origins?: string[];
}

export type AuthorizationStatus = "awaiting_callback" | "retrieving_tokens" | "active" | "error";

export interface Connector {
  name: string;
  slug: string;
  short_description: string | null;
  mark_url: string | null;
  crm: boolean;
  supports_multiple_connections: boolean;
  auth: "none" | "oauth2" | "fields";
  connections?: { id: string; enabled: boolean; status: string }[];
}

/** A text that the user must give before the CRM can be authorised: an API key, the name of an instance. */
export interface CollectField {
  name: string;
  label: string;
  suffix?: string | null;
  secret?: boolean;
}

export interface Authorization {
  id: string;
  status: AuthorizationStatus;
  display_label: string | null;
  error_code: string | null;
  error_message: string | null;
  authorize_url?: string | null;
  state?: string | null;
  authorizer?: { prototype?: { name?: string; slug?: string; collect_fields?: CollectField[] | null; collect_instructions?: string | null } | null } | null;
}

export interface Connection {
  id: string;
  enabled: boolean;
  authorization: Authorization | null;
  connector: Connector;
}

export interface EntitySummary {
  name: string;
  label: string;
  label_plural: string;
  custom: boolean;
}

export type ColumnType =
  | "text"
  | "long_text"
  | "integer"
  | "decimal"
  | "boolean"
  | "date"
  | "datetime"
  | "guid"
  | "lookup"
  | "option"
  | "multi_option"
  | "object"
  | "list";

export type Transform = "direct" | "date" | "find" | "collect";

export const OPS = [
  "eq",
  "ne",
  "lt",
  "le",
  "gt",
  "ge",
  "between",
  "in",
  "not_in",
  "contains",
  "not_contains",
  "starts_with",
  "ends_with",
  "is_null",
  "is_not_null",
  "today",
  "last_n_days",
  "next_n_days",
  "before_n_days",
  "after_n_days",
] as const;
export type Op = (typeof OPS)[number];

export interface ColumnOperator {
  op: Op;
  evaluated_by: "crm" | "hub";
}

export interface Column {
  name: string;
  label: string;
  type: ColumnType;
  required: boolean;
  /** Must be given by an event that creates. */
  required_on_create: boolean;
  unique: boolean;
  readable: boolean;
  createable: boolean;
  updateable: boolean;
  filterable: boolean;
  /** The entity that a lookup leads to. */
  lookup: string | null;
  options: { value: string; label: string }[] | null;
  /** Which declared types it can be read into, and how. */
  feeds: { type: FieldType; format: string | null; transforms: Transform[] }[];
  /** Which declared types can be written to it. */
  filled_by: { type: FieldType; format: string | null }[];
  operators: ColumnOperator[];
}

export interface Entity extends EntitySummary {
  /** The column that names a record. */
  display: string;
  columns: Column[];
}

// The mapping document.

export interface ColumnMapping {
  column: string;
  transform?: Exclude<Transform, "direct">;
  where?: { property: string; equals: Json };
  extract?: string;
  property?: string;
}

export type FieldMapping = ColumnMapping | { static: Json } | { expression: string } | { children: Record<string, FieldMapping> } | { empty: true };

export type Filter =
  | { all: Filter[] }
  | { any: Filter[] }
  | { not: Filter }
  | { column: string; op: Op; value?: Json; values?: Json[]; payload?: string };

export interface Sort {
  column: string;
  descending: boolean;
}

export type WriteSource = { payload: string } | { static: Json } | { expression: string };

export type EventMapping =
  | { action: "search"; filter: Filter; sort?: Sort[] }
  | { action: "create" | "update"; columns: Record<string, WriteSource> }
  | { action: "delete" }
  | { action: "noop" };

export type Action = EventMapping["action"];

export interface EntityMapping {
  entity: string;
  fields: Record<string, FieldMapping>;
  events: Record<string, EventMapping>;
}

export type ObjectMapping = { entity: null } | EntityMapping;

export interface Mapping {
  objects: Record<string, ObjectMapping>;
}

/** What this page keeps in a draft. */
export interface DraftDocument {
  objects: Objects;
  mapping: Mapping;
  /** What the documents cannot say; read with care, it may be of an older page. */
  ui: unknown;
}

export interface Draft {
  /** As it was saved, by whichever page. */
  document: Partial<DraftDocument>;
  saved_at: string;
}

/** Stands for all that was read; given back as it was, so that nobody's work is overwritten unseen. */
export type Version = string;

export interface LinkDocument {
  objects: Objects;
  mapping: Mapping;
  draft: Draft | null;
  version: Version;
}

/** A record as the app gets it. */
export interface AppRecord {
  type?: string;
  id: string;
  label?: string | null;
  data: Record<string, Json>;
}

export interface Preview {
  records: AppRecord[];
  errors: { path: string; detail: string }[];
}

export interface SearchResult {
  count: { value: number; exact: boolean };
  records: AppRecord[];
  /** Pointers of conditions within the filter. */
  evaluated_by_hub: string[];
}
