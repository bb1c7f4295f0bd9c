import { describe, expect, it } from "vitest";
import type { Column, Filter } from "../api/shapes";
import { adapted, conditionsOf, emptyCondition, emptyGroup, filterFrom, isConditionComplete, isGroup, payloadFieldsFor, toFilter, withNode, type ConditionDraft } from "./filters";

const condition = (more: Partial<ConditionDraft>): ConditionDraft => ({ id: "c", column: "Title", op: "eq", operand: { by: "value", value: "x" }, ...more });

describe("a filter document", () => {
  it.each<[string, Filter]>([
    ["all", { all: [{ column: "Title", op: "eq", value: "x" }] }],
    ["any within all", { all: [{ any: [{ column: "A", op: "is_null" }, { column: "B", op: "in", values: [1, 2] }] }] }],
    ["none", { not: { any: [{ column: "A", op: "eq", payload: "p" }] } }],
    ["nothing", { all: [] }],
    ["two values", { any: [{ column: "A", op: "between", values: [1, 2] }] }],
  ])("of %s comes back as it was", (_, filter) => {
    expect(toFilter(filterFrom(filter)).filter).toEqual(filter);
  });

  it("of one condition, and of a negated one, means the same in a group", () => {
    expect(toFilter(filterFrom({ column: "A", op: "today" })).filter).toEqual({ all: [{ column: "A", op: "today" }] });
    expect(toFilter(filterFrom({ not: { column: "A", op: "today" } })).filter).toEqual({ not: { any: [{ column: "A", op: "today" }] } });
  });

  it("leaves out what is half done, and points at what is left", () => {
    const inner = { ...emptyGroup("none"), items: [condition({ id: "in" }), emptyCondition()] };
    const tree = { ...emptyGroup("all"), items: [emptyCondition(), condition({ id: "first" }), emptyGroup("any"), inner] };
    const { filter, pointers } = toFilter(tree);
    const one = { column: "Title", op: "eq", value: "x" };
    expect(filter).toEqual({ all: [one, { not: { any: [one] } }] });
    expect([...pointers]).toEqual([
      ["/all/0", "first"],
      ["/all/1/not/any/0", "in"],
    ]);
  });

  it("of an empty 'any' at the top finds everything, as the builder says", () => {
    expect(toFilter(emptyGroup("any")).filter).toEqual({ all: [] });
    expect(toFilter(emptyGroup("none")).filter).toEqual({ not: { any: [] } });
  });
});

describe("a condition", () => {
  it.each<[Partial<ConditionDraft>, boolean]>([
    [{}, true],
    [{ column: "" }, false],
    [{ op: "" }, false],
    [{ operand: null }, false],
    [{ op: "is_null", operand: null }, true],
    [{ operand: { by: "value", value: "" } }, false],
    [{ operand: { by: "value", value: 0 } }, true],
    [{ operand: { by: "value", value: false } }, true],
    [{ operand: { by: "payload", field: "p" } }, true],
    [{ op: "between", operand: { by: "values", values: [1, null] } }, false],
    [{ op: "between", operand: { by: "values", values: [1, 2] } }, true],
    [{ op: "in", operand: { by: "values", values: [] } }, false],
    [{ op: "in", operand: { by: "value", value: "x" } }, false],
  ])("%j is complete: %s", (more, complete) => {
    expect(isConditionComplete(condition(more))).toBe(complete);
  });

  const column = (ops: string[]): Column =>
    ({ name: "A", filterable: true, operators: ops.map((op) => ({ op, evaluated_by: "crm" })) }) as unknown as Column;

  it("keeps what still fits when its column changes", () => {
    expect(adapted(condition({ op: "contains" }), column(["eq", "contains"]), {})).toMatchObject({ op: "contains", operand: { value: "x" } });
    expect(adapted(condition({ op: "contains" }), column(["ne", "eq"]), {})).toMatchObject({ op: "eq", operand: { value: "x" } });
    expect(adapted(condition({ op: "in" }), column(["in"]), {}).operand).toEqual({ by: "values", values: ["x"] });
    expect(adapted(condition({ op: "between" }), column(["between"]), {}).operand).toEqual({ by: "values", values: ["x", null] });
    expect(adapted(condition({ operand: { by: "values", values: [3, 4] } }), column(["eq"]), {}).operand).toEqual({ by: "value", value: 3 });
  });

  it("takes an array of the payload for several values only", () => {
    const schema = { one: { type: "string" as const }, many: { type: "array" as const }, whole: { type: "object" as const } };
    expect(payloadFieldsFor("eq", schema)).toEqual(["one"]);
    expect(payloadFieldsFor("in", schema)).toEqual(["many"]);
    expect(payloadFieldsFor("is_null", schema)).toEqual([]);
    expect(adapted(condition({ op: "in", operand: { by: "payload", field: "one" } }), column(["in"]), schema).operand).toBeNull();
  });
});

describe("the tree", () => {
  it("changes and loses nodes at any depth", () => {
    const inner = { ...emptyGroup("any"), items: [condition({ id: "deep" })] };
    const tree = { ...emptyGroup("all"), items: [inner] };
    const changed = withNode(tree, "deep", (node) => (isGroup(node) ? node : { ...node, column: "B" }));
    expect(conditionsOf(changed)).toMatchObject([{ column: "B" }]);
    expect(withNode(tree, "deep", () => null).items[0]).toMatchObject({ items: [] });
    expect(withNode(tree, inner.id, () => null).items).toEqual([]);
  });
});
