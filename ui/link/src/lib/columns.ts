// Which columns can be chosen for what, and why not.
import type { Column, ColumnType, Entity, FieldDeclaration, Transform } from "../api/shapes";

/** What a column is looked for. A child of an object field has no declared type. */
export type Use =
  | { for: "read"; field: FieldDeclaration | null }
  | { for: "filter" }
  | { for: "sort" }
  | { for: "create" | "update"; payload: FieldDeclaration | null; taken: readonly string[] };

export type Reason =
  | { why: "unreadable" | "unfilterable" | "uncreateable" | "unupdateable" | "taken" }
  | { why: "type"; column: ColumnType; wanted: FieldDeclaration };

const sameType = (offered: { type: string; format: string | null }, wanted: FieldDeclaration): boolean =>
  offered.type === wanted.type && (wanted.type === "string" ? (offered.format ?? null) === (wanted.format ?? null) : true);

/** How a column can be read into a field, the plainest way first; empty if it cannot. */
export function transformsFor(column: Column, field: FieldDeclaration | null): Transform[] {
  const order: Transform[] = ["direct", "date", "find", "collect"];
  const offered = field ? column.feeds.filter((feed) => sameType(feed, field)) : column.feeds;
  const found = new Set(offered.flatMap(({ transforms }) => transforms));
  // What a child gets is the value as it is, whatever that is.
  if (!field && column.readable) found.add("direct");
  return order.filter((transform) => found.has(transform));
}

/** Why a column cannot serve; null if it can. */
export function reasonAgainst(column: Column, use: Use): Reason | null {
  switch (use.for) {
    case "read":
      if (!column.readable) return { why: "unreadable" };
      if (use.field && transformsFor(column, use.field).length === 0) return { why: "type", column: column.type, wanted: use.field };
      return null;
    case "filter":
      return column.filterable && column.operators.length > 0 ? null : { why: "unfilterable" };
    case "sort":
      return column.filterable ? null : { why: "unfilterable" };
    case "create":
    case "update": {
      if (use.for === "create" && !column.createable) return { why: "uncreateable" };
      if (use.for === "update" && !column.updateable) return { why: "unupdateable" };
      if (use.taken.includes(column.name)) return { why: "taken" };
      const { payload } = use;
      if (payload && !column.filled_by.some((filled) => sameType(filled, payload))) return { why: "type", column: column.type, wanted: payload };
      return null;
    }
  }
}

/** Reads and searches may walk to a looked-up record; writes name plain columns. */
export const walks = (use: Use): boolean => use.for === "read" || use.for === "filter" || use.for === "sort";

/** Steps that a path may take to other records. */
const STEPS_MAX = 2;

export interface PathColumn {
  path: string;
  /** The labels on the way, the column's own last. */
  labels: string[];
  column: Column;
}

/** The path over a lookup column: `CountryId` leads to `Country.…`. */
export const stepOf = (column: Column): string => (column.name.endsWith("Id") && column.name.length > 2 ? column.name.slice(0, -2) : column.name);

export const canWalk = (column: Column, base: string): boolean => column.lookup !== null && column.readable && stepsIn(base) < STEPS_MAX;

export const stepsIn = (base: string): number => (base === "" ? 0 : base.split(".").length);

export const columnsAt = (entity: Entity, base: string, labels: readonly string[]): PathColumn[] =>
  entity.columns.map((column) => ({ path: base === "" ? column.name : `${base}.${column.name}`, labels: [...labels, column.label], column }));

/** The entities that must be known to tell what a path means; stops at the first that is not known yet. */
export function resolve(path: string, start: Entity | undefined, entityOf: (name: string) => Entity | undefined): PathColumn | null {
  if (path === "" || !start) return null;
  const steps = path.split(".");
  const last = steps.pop();
  const labels: string[] = [];
  let entity: Entity | undefined = start;
  for (const step of steps) {
    const lookup: Column | undefined = entity.columns.find((column) => column.lookup !== null && stepOf(column) === step);
    if (!lookup?.lookup) return null;
    labels.push(lookup.label);
    entity = entityOf(lookup.lookup);
    if (!entity) return null;
  }
  const column = entity.columns.find(({ name }) => name === last);
  return column ? { path, labels: [...labels, column.label], column } : null;
}

/** The entities on the way of a path, as far as they are known. */
export function entitiesOn(path: string, start: Entity | undefined, entityOf: (name: string) => Entity | undefined): string[] {
  const found: string[] = [];
  let entity = start;
  for (const step of path.split(".").slice(0, -1)) {
    const lookup = entity?.columns.find((column) => column.lookup !== null && stepOf(column) === step)?.lookup;
    if (!lookup) break;
    found.push(lookup);
    entity = entityOf(lookup);
  }
  return found;
}
