import type { Values } from "../../api/client";
import { literalOf, literalText } from "../../lib/literal";

/** Where the value of a column comes from. */
export type Origin = "path" | "static" | "expression";
export const ORIGINS: readonly Origin[] = ["path", "expression", "static"];

export interface SourceMapping {
  entity: string;
  columns: Record<string, Partial<Record<Origin, unknown>>>;
  each?: string | null;
  when?: string | null;
}

export interface MappingRow {
  /** Tells rows apart while their columns are being chosen. */
  key: number;
  column: string;
  origin: Origin;
  text: string;
  /** The static value that the text stands for. */
  before?: unknown;
}

/** A mapping while it is edited. */
export interface MappingDraft {
  /** Without it names have to match. */
  isMapped: boolean;
  entity: string;
  each: string;
  when: string;
  rows: readonly MappingRow[];
}

export function mappingDraft(mapping: SourceMapping | null): MappingDraft {
  if (!mapping) return { isMapped: false, entity: "", each: "", when: "", rows: [newRow([])] };
  const rows = Object.entries(mapping.columns).map(([column, from], key): MappingRow => {
    const origin = ORIGINS.find((origin) => origin in from) ?? "path";
    return { key, column, origin, text: literalText(from[origin]), ...(origin === "static" ? { before: from.static } : {}) };
  });
  return { isMapped: true, entity: mapping.entity, each: mapping.each ?? "", when: mapping.when ?? "", rows: rows.length > 0 ? rows : [newRow([])] };
}

export function newRow(rows: readonly MappingRow[]): MappingRow {
  return { key: Math.max(-1, ...rows.map(({ key }) => key)) + 1, column: "", origin: "path", text: "" };
}

/** What is saved. Rows without a column are not finished, and left out. */
export function mappingOf(draft: MappingDraft): SourceMapping | null {
  if (!draft.isMapped) return null;
  const columns: SourceMapping["columns"] = {};
  for (const { column, origin, text, before } of draft.rows)
    if (column !== "") columns[column] = { [origin]: origin === "static" ? literalOf(text, before) : text.trim() };
  const each = draft.each.trim();
  const when = draft.when.trim();
  return { entity: draft.entity, columns, ...(each ? { each } : {}), ...(when ? { when } : {}) };
}

/** Whether both say the same, whatever the order of their columns. */
export const sameMapping = (a: SourceMapping | null, b: SourceMapping | null): boolean => JSON.stringify(ordered(a)) === JSON.stringify(ordered(b));

function ordered(mapping: SourceMapping | null): Values | null {
  if (!mapping) return null;
  const { entity, each, when, columns } = mapping;
  return { entity, each: each ?? null, when: when ?? null, columns: Object.entries(columns).sort(([a], [b]) => a.localeCompare(b)) };
}
