// What the app declares and what it is mapped to, as the guide on the universal API has them.
import type { Values } from "../../api/client";

export interface ObjectsDocument {
  objects: Record<string, DeclaredObject>;
}

export interface DeclaredObject {
  label?: string | null;
  description?: string | null;
  fields?: Record<string, { type: string; label?: string | null; description?: string | null }>;
  events?: Record<string, { type: string; label?: string | null; description?: string | null; payloadSchema?: Record<string, { type: string; label?: string | null }> }>;
}

export interface MappingDocument {
  objects: Record<string, MappedObject>;
}

export interface MappedObject {
  /** Null where the user opted out of the object. */
  entity: string | null;
  fields?: Record<string, MappedField>;
  events?: Record<string, MappedEvent>;
}

export interface MappedField {
  column?: string;
  transform?: string;
  static?: unknown;
  expression?: string;
  children?: Record<string, MappedField>;
  empty?: boolean;
}

export interface MappedEvent {
  action: string;
  filter?: Values;
  columns?: Record<string, { payload?: string; static?: unknown; expression?: string }>;
}

/** Where a value of an event's write comes from, in a line. */
export function writeText({ payload, static: fixed, expression }: NonNullable<MappedEvent["columns"]>[string]): string {
  if (payload !== undefined) return `payload.${payload}`;
  return expression ?? JSON.stringify(fixed);
}

/** A filter in a line, as people say it: `Stage.Name eq "Proposal" and AccountId eq payload.account_id`. */
export function filterText(filter: Values): string {
  if (Array.isArray(filter.all)) return joined(filter.all as Values[], " and ");
  if (Array.isArray(filter.any)) return joined(filter.any as Values[], " or ");
  if (filter.not !== undefined) return `not (${filterText(filter.not as Values)})`;
  const operand = filter.payload !== undefined ? `payload.${filter.payload as string}` : "values" in filter ? JSON.stringify(filter.values) : "value" in filter ? JSON.stringify(filter.value) : "";
  return [filter.column as string, filter.op as string, operand].filter((part) => part !== "").join(" ");
}

const joined = (parts: readonly Values[], word: string): string =>
  parts.map((part) => (("all" in part || "any" in part) && parts.length > 1 ? `(${filterText(part)})` : filterText(part))).join(word);
