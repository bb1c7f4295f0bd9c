import type { Source, SourceDocument, Values } from "../../api/client";
import { listOf, literalOf, literalText } from "../../lib/literal";
import { omit } from "../../lib/omit";

export interface MatchRow {
  entity: string;
  columns: string;
}

export interface DefaultRow {
  entity: string;
  column: string;
  text: string;
  before?: unknown;
}

/** The settings of a source while they are edited: texts, as they stand in their fields. */
export interface SourceDraft {
  name: string;
  connection: string;
  /** Null is the list of the workspace. */
  entities: readonly string[] | null;
  createRecords: boolean;
  reply: "accepted" | "processed";
  match: readonly MatchRow[];
  defaults: readonly DefaultRow[];
  dedupe: "none" | "header" | "path";
  dedupeAt: string;
  verify: "none" | "sender" | "scheme";
  sender: string;
  scheme: string;
  secrets: string;
  token: string;
  tolerance: string;
  rate: string;
  origins: string;
  redirect: string;
  functionName: string;
  functionRuns: "before" | "instead";
  repeatCutOff: boolean;
}

/** What a source is when nobody has said anything but its name and connection. */
const PLAIN: SourceDocument = { name: "", connection: "", create_records: true };

/** The settings alone: what may be written back. */
export const settingsOf = (source: Source): SourceDocument => omit(source, ["id", "url", "keys", "created_at", "updated_at"]);

export function sourceDraft(source: SourceDocument = PLAIN): SourceDraft {
  const { dedupe, verify } = source;
  const defaults = Object.entries((source.defaults ?? {}));
  return {
    name: source.name,
    connection: source.connection,
    entities: source.entities ?? null,
    createRecords: source.create_records,
    reply: source.reply ?? "accepted",
    match: Object.entries(source.match_on ?? {}).map(([entity, columns]) => ({ entity, columns: columns.join(", ") })),
    defaults: defaults.flatMap(([entity, columns]) => Object.entries(columns).map(([column, before]) => ({ entity, column, text: literalText(before), before }))),
    dedupe: dedupe?.header ? "header" : dedupe?.path ? "path" : "none",
    dedupeAt: dedupe?.header ?? dedupe?.path ?? "",
    verify: verify?.scheme ? "scheme" : verify ? "sender" : "none",
    sender: verify?.sender ?? "",
    scheme: verify?.scheme ? JSON.stringify(verify.scheme, null, 2) : "",
    secrets: verify?.secrets.join("\n") ?? "",
    token: verify?.token ?? "",
    tolerance: verify?.tolerance_s?.toString() ?? "",
    rate: source.rate_limit?.per_second.toString() ?? "",
    origins: source.origins?.join("\n") ?? "",
    redirect: source.redirect ?? "",
    functionName: source.function?.name ?? "",
    functionRuns: source.function?.runs ?? "before",
    repeatCutOff: source.function?.repeat_cut_off ?? false,
  };
}

/** The document that the draft stands for. What it says nothing of, the mapping, stays as it was before. */
export function sourceDocument(draft: SourceDraft, before: SourceDocument = PLAIN): SourceDocument {
  const match: Record<string, string[]> = {};
  for (const { entity, columns } of draft.match) if (entity && columns.trim()) match[entity] = listOf(columns);
  const defaults: Record<string, Values> = {};
  for (const { entity, column, text, before } of draft.defaults)
    if (entity && column) defaults[entity] = { ...defaults[entity], [column]: literalOf(text, before) };
  const number = (text: string): number | undefined => (text.trim() === "" ? undefined : Number(text));
  const rate = number(draft.rate);
  return {
    ...before,
    name: draft.name.trim(),
    connection: draft.connection,
    entities: draft.entities === null ? null : [...draft.entities],
    create_records: draft.createRecords,
    reply: draft.reply,
    match_on: match,
    defaults: defaults as NonNullable<SourceDocument["defaults"]>,
    dedupe: draft.dedupe === "none" ? null : { [draft.dedupe]: draft.dedupeAt.trim() },
    verify: verifyOf(draft, number(draft.tolerance)),
    rate_limit: rate === undefined ? null : { per_second: rate },
    origins: listOf(draft.origins),
    redirect: draft.redirect.trim() || null,
    function: draft.functionName ? { name: draft.functionName, runs: draft.functionRuns, repeat_cut_off: draft.repeatCutOff } : null,
  };
}

/** Throws a `SyntaxError` where the scheme is no JSON. */
function verifyOf(draft: SourceDraft, tolerance: number | undefined): NonNullable<SourceDocument["verify"]> | null {
  if (draft.verify === "none") return null;
  const secrets = draft.secrets
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  return {
    ...(draft.verify === "sender" ? { sender: draft.sender.trim() } : { scheme: JSON.parse(draft.scheme) as Record<string, never> }),
    secrets,
    ...(draft.token.trim() ? { token: draft.token.trim() } : {}),
    ...(tolerance === undefined ? {} : { tolerance_s: tolerance }),
  };
}

/** Senders whose way of signing the hub knows, to choose from while typing; the server has the last word. */
export const SENDERS: readonly string[] = [
  "asana", "attio", "bitbucket", "box", "cal.com", "calendly", "chargebee", "clickup", "close", "customer.io", "dataverse", "docusign", "dropbox", "front",
  "fusionauth", "github", "gitlab", "hubspot", "intercom", "jira", "linear", "mailgun", "meta", "microsoft-graph", "monday.com", "paddle", "pipedrive", "plaid",
  "postmark", "quickbooks", "segment", "sendgrid", "shopify", "slack", "smartsheet", "square", "standard-webhooks", "stripe", "svix", "twilio", "typeform",
  "vonage", "xero", "zendesk", "zoom",
];
