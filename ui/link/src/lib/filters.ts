// The tree that the search builder edits, and its way from and to filter documents.
import type { Column, ColumnOperator, FieldDeclaration, Filter, Json, Op } from "../api/shapes";
import { newId } from "./draft";

export type GroupKind = "all" | "any" | "none";

export type Operand = { by: "value"; value: Json } | { by: "values"; values: Json[] } | { by: "payload"; field: string };

export interface ConditionDraft {
  id: string;
  column: string;
  op: Op | "";
  operand: Operand | null;
}

export interface GroupDraft {
  id: string;
  kind: GroupKind;
  items: (GroupDraft | ConditionDraft)[];
}

export type NodeDraft = GroupDraft | ConditionDraft;

/** The server refuses filters that lie deeper; a `none` takes two levels. */
export const GROUPS_DEEP_MAX = 4;

export const isGroup = (node: NodeDraft): node is GroupDraft => "items" in node;

export const emptyGroup = (kind: GroupKind): GroupDraft => ({ id: newId(), kind, items: [] });

export const emptyCondition = (): ConditionDraft => ({ id: newId(), column: "", op: "", operand: null });

const NO_OPERAND: readonly string[] = ["is_null", "is_not_null", "today"] satisfies Op[];
const COUNTS_DAYS: readonly string[] = ["last_n_days", "next_n_days", "before_n_days", "after_n_days"] satisfies Op[];
const SEVERAL: readonly string[] = ["in", "not_in"] satisfies Op[];

export const countsDays = (op: Op | ""): boolean => COUNTS_DAYS.includes(op);

/** How many values an operator compares with. */
export function operandsOf(op: Op | ""): 0 | 1 | 2 | "many" {
  if (NO_OPERAND.includes(op)) return 0;
  if (op === "between") return 2;
  return SEVERAL.includes(op) ? "many" : 1;
}

/** Reads a document. A filter that is no group is put into one, which means the same. */
export function filterFrom(filter: Filter): GroupDraft {
  const node = nodeFrom(filter);
  return isGroup(node) ? node : { ...emptyGroup("all"), items: [node] };
}

function nodeFrom(filter: Filter): NodeDraft {
  if ("all" in filter) return { ...emptyGroup("all"), items: filter.all.map(nodeFrom) };
  if ("any" in filter) return { ...emptyGroup("any"), items: filter.any.map(nodeFrom) };
  if ("not" in filter) {
    const items = "any" in filter.not ? filter.not.any.map(nodeFrom) : [nodeFrom(filter.not)];
    return { ...emptyGroup("none"), items };
  }
  const { column, op } = filter;
  return { id: newId(), column, op, operand: operandFrom(filter) };
}

function operandFrom({ value, values, payload }: { value?: Json; values?: Json[]; payload?: string }): Operand | null {
  if (payload !== undefined) return { by: "payload", field: payload };
  if (values !== undefined) return { by: "values", values };
  return value === undefined ? null : { by: "value", value };
}

/** The document of all complete conditions, and where in it each of them stands. */
export function toFilter(group: GroupDraft): { filter: Filter; pointers: Map<string, string> } {
  const pointers = new Map<string, string>();
  return { filter: groupTo(group, "", pointers), pointers };
}

function groupTo(group: GroupDraft, at: string, pointers: Map<string, string>): Filter {
  const inner = group.kind === "none" ? `${at}/not/any` : `${at}/${group.kind}`;
  const items: Filter[] = [];
  for (const item of group.items) {
    const here = `${inner}/${items.length}`;
    if (isGroup(item)) {
      // An empty group inside means nothing to whoever made it; as a document it would match all, or none.
      if (item.items.some((node) => isGroup(node) || isConditionComplete(node))) items.push(groupTo(item, here, pointers));
    } else if (isConditionComplete(item)) {
      pointers.set(here, item.id);
      items.push(conditionTo(item));
    }
  }
  if (group.kind === "none") return { not: { any: items } };
  return group.kind === "all" ? { all: items } : items.length === 0 && at === "" ? { all: [] } : { any: items };
}

function conditionTo({ column, op, operand }: ConditionDraft): Filter {
  const base = { column, op: op as Op };
  if (operandsOf(op) === 0 || !operand) return base;
  if (operand.by === "payload") return { ...base, payload: operand.field };
  return operand.by === "values" ? { ...base, values: operand.values } : { ...base, value: operand.value };
}

export function isConditionComplete({ column, op, operand }: ConditionDraft): boolean {
  if (column === "" || op === "") return false;
  const operands = operandsOf(op);
  if (operands === 0) return true;
  if (!operand) return false;
  switch (operand.by) {
    case "payload":
      return operand.field !== "";
    case "value":
      return operands === 1 && operand.value !== null && operand.value !== "";
    case "values": {
      const given = operand.values.filter((value) => value !== null && value !== "");
      return operands === 2 ? given.length === 2 : operands === "many" && given.length > 0 && given.length === operand.values.length;
    }
  }
}

export function conditionsOf(group: GroupDraft): ConditionDraft[] {
  return group.items.flatMap((item) => (isGroup(item) ? conditionsOf(item) : [item]));
}

/** The tree with the node of that id replaced, or taken out where `change` gives null. */
export function withNode(group: GroupDraft, id: string, change: (node: NodeDraft) => NodeDraft | null): GroupDraft {
  if (group.id === id) {
    const changed = change(group);
    return changed && isGroup(changed) ? changed : group;
  }
  const items = group.items.flatMap((item) => {
    if (item.id === id) {
      const changed = change(item);
      return changed ? [changed] : [];
    }
    return isGroup(item) ? [withNode(item, id, change)] : [item];
  });
  return { ...group, items };
}

/** The operators that a column offers to an operand that is already chosen, else all. */
export const operatorsOf = (column: Column | undefined): readonly ColumnOperator[] => (column?.filterable ? column.operators : []);

/** Which payload fields can be the operand: several values at once come as an array. */
export function payloadFieldsFor(op: Op | "", schema: Record<string, FieldDeclaration>): string[] {
  const operands = operandsOf(op);
  if (operands === 0) return [];
  const wantsArray = operands !== 1;
  return Object.entries(schema)
    .filter(([, { type }]) => (type === "array") === wantsArray && type !== "object")
    .map(([slug]) => slug);
}

/** A condition after its column or operator changed: what still fits is kept. */
export function adapted(condition: ConditionDraft, column: Column | undefined, schema: Record<string, FieldDeclaration>): ConditionDraft {
  const offered = operatorsOf(column);
  const op: Op | "" = !column || offered.some((it) => it.op === condition.op) ? condition.op : (offered.find((it) => it.op === "eq") ?? offered[0])?.op ?? "";
  const operands = operandsOf(op);
  const { operand } = condition;
  if (op === "" || operands === 0) return { ...condition, op };
  if (operand?.by === "payload" && !payloadFieldsFor(op, schema).includes(operand.field)) return { ...condition, op, operand: null };
  if (operand?.by === "value" && operands !== 1) return { ...condition, op, operand: { by: "values", values: operands === 2 ? [operand.value, null] : [operand.value] } };
  if (operand?.by === "values" && operands === 1) return { ...condition, op, operand: { by: "value", value: operand.values[0] ?? null } };
  if (operand?.by === "values" && operands === 2) return { ...condition, op, operand: { by: "values", values: [operand.values[0] ?? null, operand.values[1] ?? null] } };
  return { ...condition, op };
}
