import type { Endpoint, EndpointDocument } from "../../api/client";
import { listOf } from "../../lib/literal";

type Set<Name extends keyof EndpointDocument> = NonNullable<EndpointDocument[Name]>;
export type Format = Set<"format">;
export type Scope = Set<"scope">;
type ChangeType = Set<"types">[number];
type Module = Set<"modules">[number];

export const FORMATS: readonly Format[] = ["standard", "cloudevents", "universal", "agile"];
export const SCOPES: readonly Scope[] = ["changes", "subscriptions", "notices"];
export const TYPES: readonly ChangeType[] = ["create", "update", "delete"];
export const MODULES: readonly Module[] = ["contact", "deal"];

export interface HeaderRow {
  name: string;
  value: string;
}

/** The settings of an endpoint while they are edited: texts, as they stand in their fields. */
export interface EndpointDraft {
  url: string;
  description: string;
  format: Format;
  scope: Scope;
  /** Empty means all connections. */
  connection: string;
  /** Empty means all entities. */
  entities: readonly string[];
  modules: readonly Module[];
  types: readonly ChangeType[];
  /** Empty leaves the one that is stored. */
  token: string;
  dropToken: boolean;
  success: Set<"success">;
  coalesce: boolean;
  ownChanges: Set<"own_changes">;
  ed25519: boolean;
  retries: string;
  timeout: string;
  headers: readonly HeaderRow[];
}

export const NEW_ENDPOINT: EndpointDraft = {
  url: "",
  description: "",
  format: "standard",
  scope: "changes",
  connection: "",
  entities: [],
  modules: MODULES,
  types: TYPES,
  token: "",
  dropToken: false,
  success: "2xx",
  coalesce: true,
  ownChanges: "send",
  ed25519: false,
  retries: "",
  timeout: "15",
  headers: [],
};

export function endpointDraft(endpoint: Endpoint): EndpointDraft {
  return {
    url: endpoint.url,
    description: endpoint.description ?? "",
    format: endpoint.format ?? "universal",
    scope: endpoint.scope ?? "subscriptions",
    connection: endpoint.connection ?? "",
    entities: endpoint.entities ?? [],
    modules: endpoint.modules ?? MODULES,
    types: endpoint.types ?? TYPES,
    token: "",
    dropToken: false,
    success: endpoint.success ?? "2xx",
    coalesce: endpoint.coalesce ?? true,
    ownChanges: endpoint.own_changes ?? "send",
    ed25519: endpoint.ed25519 ?? false,
    retries: endpoint.retry_schedule?.join(", ") ?? "",
    timeout: String((endpoint.timeout_ms ?? 15_000) / 1000),
    headers: Object.entries(endpoint.headers ?? {}).map(([name, value]) => ({ name, value })),
  };
}

/**
 * The document that the draft stands for. It is sent as a merge patch of the endpoint `before`, if there is one: a token
 * that nobody typed stays, and a header that was taken out is named with null.
 */
export function endpointDocument(draft: EndpointDraft, before?: Endpoint): EndpointDocument {
  const isAgile = draft.format === "agile";
  // Notices are of no connection and no entity.
  const isNotices = !isAgile && draft.scope === "notices";
  const token = draft.token.trim();
  const waits = listOf(draft.retries).map(Number);
  const removed = Object.keys(before?.headers ?? {}).map((name): [string, null] => [name, null]);
  const headers = Object.fromEntries([...removed, ...draft.headers.flatMap(({ name, value }): [string, string][] => (name.trim() ? [[name.trim(), value]] : []))]);
  return {
    url: draft.url.trim(),
    description: draft.description.trim(),
    format: draft.format,
    scope: isAgile ? "changes" : draft.scope,
    connection: isNotices ? null : draft.connection || null,
    ...(isAgile ? { entities: null, modules: [...draft.modules] } : { entities: isNotices || draft.entities.length === 0 ? null : [...draft.entities], modules: null }),
    types: [...draft.types],
    success: draft.success,
    coalesce: draft.coalesce,
    own_changes: draft.ownChanges,
    ed25519: draft.ed25519,
    retry_schedule: waits.length > 0 ? waits : null,
    timeout_ms: Math.round(Number(draft.timeout.replace(",", ".")) * 1000),
    // Of a document that is made, null would be no header.
    headers: headers as Record<string, string>,
    ...(token ? { token } : draft.dropToken ? { token: null } : {}),
  };
}
