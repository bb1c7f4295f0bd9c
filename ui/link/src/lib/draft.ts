// What is being edited, and its way from and to the mapping document.
//
// The document can only say what is complete; the draft also holds what is half done, and what another choice left
// behind, so that going back and forth between choices loses nothing.
import type { Action, ColumnMapping, EntityMapping, EventDeclaration, EventMapping, FieldMapping, Json, Mapping, ObjectDeclaration, ObjectMapping, Objects, Sort, WriteSource } from "../api/shapes";
import { emptyGroup, filterFrom, toFilter, type GroupDraft } from "./filters";
import { isFieldComplete, isRowComplete } from "./completeness";

export type FieldDraft = ColumnMapping | { static: Json } | { expression: string } | { children: Record<string, FieldDraft | null> } | { empty: true };

/** Where a payload field goes: a column, nowhere on purpose, or not decided (missing). */
export type PayloadTarget = { column: string } | "ignored";

/** A column that is written besides the payload's fields. */
export interface WriteRow {
  id: string;
  column: string;
  source: WriteSource;
}

export interface EventDraft {
  action: Action | null;
  filter: GroupDraft;
  sort: Sort[];
  payload: Record<string, PayloadTarget>;
  rows: WriteRow[];
}

export interface ObjectDraft {
  /** Null is opted out, undefined not chosen. */
  entity?: string | null | undefined;
  /** The entity that fields and events belong to: opting out and in again keeps them. */
  was?: string;
  fields: Record<string, FieldDraft>;
  events: Record<string, EventDraft>;
}

/** By slug of the object. */
export type LinkDraft = Record<string, ObjectDraft>;

let counter = 0;
/** Unique within this page and very likely between pages: drafts keep it. */
export const newId = (): string => `${Date.now().toString(36)}-${(counter++).toString(36)}`;

export const emptyObject = (): ObjectDraft => ({ fields: {}, events: {} });

export const emptyEvent = (action: Action | null = null): EventDraft => ({ action, filter: emptyGroup("all"), sort: [], payload: {}, rows: [] });

const ACTIONS: Record<EventDeclaration["type"], readonly Action[]> = {
  search: ["search", "noop"],
  create: ["create", "noop"],
  update: ["update", "noop"],
  delete: ["update", "delete", "noop"],
};

export const actionsOf = (event: EventDeclaration): readonly Action[] => ACTIONS[event.type];

/** What the events of an object start as when its entity is chosen. */
export function startingEvents(object: ObjectDeclaration): Record<string, EventDraft> {
  const entries = Object.entries(object.events ?? {}).map(([slug, event]): [string, EventDraft] => {
    const payload = Object.keys(event.payloadSchema ?? {});
    if (event.type !== "search") return [slug, emptyEvent(event.type)];
    // A search that gets nothing has no obvious condition: the user says what it finds.
    if (payload.length === 0) return [slug, emptyEvent()];
    const items = payload.map((field) => ({ id: newId(), column: "", op: "eq" as const, operand: { by: "payload" as const, field } }));
    return [slug, { ...emptyEvent("search"), filter: { ...emptyGroup("all"), items } }];
  });
  return Object.fromEntries(entries);
}

/**
 * Reads a saved mapping. `declared` are the objects it was saved for: a payload field that was declared then and is
 * written nowhere was left out on purpose; one that is declared since is not decided.
 */
export function draftFrom(mapping: Mapping, declared: Objects): LinkDraft {
  return Object.fromEntries(Object.entries(mapping.objects).map(([slug, object]) => [slug, objectFrom(object, declared[slug])]));
}

function objectFrom(object: ObjectMapping, declared: ObjectDeclaration | undefined): ObjectDraft {
  if (object.entity === null) return { entity: null, fields: {}, events: {} };
  const events = Object.entries(object.events).map(([slug, event]) => [slug, eventFrom(event, declared?.events?.[slug])]);
  return { entity: object.entity, was: object.entity, fields: object.fields, events: Object.fromEntries(events) as Record<string, EventDraft> };
}

function eventFrom(event: EventMapping, declared: EventDeclaration | undefined): EventDraft {
  const draft = emptyEvent(event.action);
  if (event.action === "search") return { ...draft, filter: filterFrom(event.filter), sort: event.sort ?? [] };
  if (event.action !== "create" && event.action !== "update") return draft;
  const payload: Record<string, PayloadTarget> = {};
  const rows: WriteRow[] = [];
  for (const [column, source] of Object.entries(event.columns)) {
    // A payload field may fill several columns: the first is its own, the others are rows.
    if ("payload" in source && payload[source.payload] === undefined) payload[source.payload] = { column };
    else rows.push({ id: newId(), column, source });
  }
  for (const field of Object.keys(declared?.payloadSchema ?? {})) payload[field] ??= "ignored";
  return { ...draft, payload, rows };
}

/** Drops what the app no longer declares, so that the server is not asked to keep it. */
export function fitted(draft: LinkDraft, objects: Objects): LinkDraft {
  return Object.fromEntries(
    Object.entries(draft)
      .filter(([slug]) => objects[slug] !== undefined)
      .map(([slug, object]) => {
        const declared = objects[slug] ?? {};
        const fields = Object.entries(object.fields).filter(([name]) => declared.fields?.[name] !== undefined);
        const events = Object.entries(object.events).filter(([name, event]) => {
          const type = declared.events?.[name];
          return type !== undefined && (event.action === null || actionsOf(type).includes(event.action));
        });
        return [slug, { ...object, fields: Object.fromEntries(fields), events: Object.fromEntries(events) }];
      }),
  );
}

/** The document of all that is complete enough to be in one. */
export function toMapping(draft: LinkDraft, objects: Objects): Mapping {
  const entries = Object.entries(draft)
    .filter(([slug, object]) => objects[slug] !== undefined && object.entity !== undefined)
    .map(([slug, object]) => [slug, toObjectMapping(object, objects[slug] ?? {})]);
  return { objects: Object.fromEntries(entries) as Record<string, ObjectMapping> };
}

export function toObjectMapping(draft: ObjectDraft, declared: ObjectDeclaration): ObjectMapping {
  if (draft.entity == null) return { entity: null };
  const events = Object.entries(declared.events ?? {}).flatMap(([slug, event]) => {
    const mapped = toEventMapping(draft.events[slug], event);
    return mapped ? [[slug, mapped] as const] : [];
  });
  return { entity: draft.entity, fields: toFields(draft, declared), events: Object.fromEntries(events) };
}

/** One object's fields alone, for a preview. */
export function toFields(draft: ObjectDraft, declared: ObjectDeclaration): EntityMapping["fields"] {
  const fields = Object.keys(declared.fields ?? {}).flatMap((slug) => {
    const field = draft.fields[slug];
    return field && isFieldComplete(field) ? [[slug, toField(field)] as const] : [];
  });
  return Object.fromEntries(fields);
}

function toField(field: FieldDraft): FieldMapping {
  if (!("children" in field)) return field;
  const children = Object.entries(field.children).flatMap(([label, child]) => (child && isFieldComplete(child) ? [[label, toField(child)] as const] : []));
  return { children: Object.fromEntries(children) };
}

export function toEventMapping(draft: EventDraft | undefined, declared: EventDeclaration): EventMapping | null {
  if (!draft?.action) return null;
  switch (draft.action) {
    case "search": {
      const sort = draft.sort.filter(({ column }) => column !== "");
      return { action: "search", filter: toFilter(draft.filter).filter, ...(sort.length > 0 ? { sort } : {}) };
    }
    case "create":
    case "update":
      return { action: draft.action, columns: toColumns(draft, declared) };
    default:
      return { action: draft.action };
  }
}

function toColumns(draft: EventDraft, declared: EventDeclaration): Record<string, WriteSource> {
  const columns: Record<string, WriteSource> = {};
  for (const slug of Object.keys(declared.payloadSchema ?? {})) {
    const target = draft.payload[slug];
    if (target && target !== "ignored") columns[target.column] = { payload: slug };
  }
  for (const row of draft.rows) {
    if (isRowComplete(row)) columns[row.column] = row.source;
  }
  return columns;
}

/**
 * Payload fields that are decided nowhere take the column of the read field of the same name and type, if the column
 * can be used so. A choice that is there is never changed.
 */
export function carryOver(
  object: ObjectDraft,
  declared: ObjectDeclaration,
  field: string,
  fits: (use: "search" | "create" | "update", column: string, payload: string) => boolean,
): ObjectDraft {
  const mapped = object.fields[field];
  const type = declared.fields?.[field];
  if (!mapped || !type || !("column" in mapped)) return object;
  const { column } = mapped;
  const events = Object.entries(object.events).map(([slug, event]): [string, EventDraft] => {
    const payload = declared.events?.[slug]?.payloadSchema?.[field];
    if (payload?.type !== type.type || (payload.format ?? null) !== (type.format ?? null)) return [slug, event];
    if (event.action === "search" && fits("search", column, field)) {
      const items = event.filter.items.map((item) =>
        "op" in item && item.column === "" && item.operand?.by === "payload" && item.operand.field === field ? { ...item, column } : item,
      );
      return [slug, { ...event, filter: { ...event.filter, items } }];
    }
    if ((event.action === "create" || event.action === "update") && event.payload[field] === undefined) {
      const taken = Object.values(event.payload).some((target) => target !== "ignored" && target.column === column) || event.rows.some((row) => row.column === column);
      if (!taken && fits(event.action, column, field)) return [slug, { ...event, payload: { ...event.payload, [field]: { column } } }];
    }
    return [slug, event];
  });
  return { ...object, events: Object.fromEntries(events) };
}
