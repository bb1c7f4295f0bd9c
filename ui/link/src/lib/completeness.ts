// What must be decided before the mapping can be finished.
import type { Column, EventDeclaration, ObjectDeclaration, Objects } from "../api/shapes";
import type { EventDraft, FieldDraft, LinkDraft, ObjectDraft, WriteRow } from "./draft";
import { conditionsOf, isConditionComplete } from "./filters";

export function isFieldComplete(field: FieldDraft | null | undefined): boolean {
  if (!field) return false;
  if ("empty" in field) return true;
  if ("static" in field) return field.static !== null && field.static !== "";
  if ("expression" in field) return field.expression.trim() !== "";
  if ("children" in field) {
    const children = Object.values(field.children);
    return children.length > 0 && children.every(isFieldComplete);
  }
  if (field.column === "") return false;
  if (field.transform === "find") return Boolean(field.where?.property) && field.where?.equals !== "" && field.where?.equals !== undefined;
  return field.transform !== "collect" || Boolean(field.property);
}

/** A row without a column, or without a value, is half done. */
export function isRowComplete({ column, source }: WriteRow): boolean {
  if (column === "") return false;
  if ("payload" in source) return source.payload !== "";
  if ("expression" in source) return source.expression.trim() !== "";
  return source.static !== null && source.static !== "";
}

/** The columns that an event must give to create a record, and does not. */
export function missingColumns(event: EventDraft, columns: readonly Column[]): Column[] {
  if (event.action !== "create") return [];
  const given = new Set(event.rows.filter(isRowComplete).map(({ column }) => column));
  for (const target of Object.values(event.payload)) if (target !== "ignored") given.add(target.column);
  return columns.filter((column) => column.required_on_create && !given.has(column.name));
}

/** `columns` are those of the entity; while they are not known, nothing is known to be missing. */
export function isEventComplete(event: EventDraft | undefined, declared: EventDeclaration, columns: readonly Column[] = []): boolean {
  if (!event?.action) return false;
  switch (event.action) {
    case "noop":
    case "delete":
      return true;
    case "search":
      return conditionsOf(event.filter).every(isConditionComplete) && event.sort.every(({ column }) => column !== "");
    case "create":
    case "update": {
      const decided = Object.keys(declared.payloadSchema ?? {}).every((slug) => event.payload[slug] !== undefined);
      return decided && event.rows.every(isRowComplete) && missingColumns(event, columns).length === 0;
    }
  }
}

export interface Part {
  object: string;
  /** The choice of the entity, the fields, or one event. */
  kind: "entity" | "fields" | "event";
  event?: string;
  done: boolean;
}

/** The parts of one object, in the order in which they are gone through. */
export function partsOf(slug: string, declared: ObjectDeclaration, draft: ObjectDraft | undefined, columns: readonly Column[] = []): Part[] {
  const parts: Part[] = [{ object: slug, kind: "entity", done: draft?.entity !== undefined }];
  if (draft?.entity === null) return parts;
  const fields = Object.keys(declared.fields ?? {});
  const has = draft?.entity !== undefined;
  if (fields.length > 0) parts.push({ object: slug, kind: "fields", done: has && fields.every((field) => isFieldComplete(draft.fields[field])) });
  for (const [event, declaration] of Object.entries(declared.events ?? {})) {
    parts.push({ object: slug, kind: "event", event, done: has && isEventComplete(draft.events[event], declaration, columns) });
  }
  return parts;
}

export function allParts(objects: Objects, draft: LinkDraft, columnsOf: (entity: string) => readonly Column[]): Part[] {
  return Object.entries(objects).flatMap(([slug, declared]) => {
    const object = draft[slug];
    return partsOf(slug, declared, object, object?.entity ? columnsOf(object.entity) : []);
  });
}
