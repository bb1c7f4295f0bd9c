import { describe, expect, it } from "vitest";
import type { Column, Mapping, Objects } from "../api/shapes";
import { allParts, isEventComplete, isFieldComplete, missingColumns, partsOf } from "./completeness";
import { carryOver, draftFrom, emptyEvent, fitted, startingEvents, toMapping, type ObjectDraft } from "./draft";

const objects: Objects = {
  deal: {
    label: "Deal",
    fields: { name: { type: "string" }, tags: { type: "object" } },
    events: {
      find: { type: "search", payloadSchema: { name: { type: "string" } } },
      all: { type: "search" },
      made: { type: "create", payloadSchema: { name: { type: "string" }, note: { type: "string" } } },
      gone: { type: "delete" },
    },
  },
};

const mapping: Mapping = {
  objects: {
    deal: {
      entity: "Opportunity",
      fields: { name: { column: "Title" }, tags: { children: { Stage: { column: "Stage.Name" } } } },
      events: {
        find: { action: "search", filter: { all: [{ column: "Title", op: "contains", payload: "name" }] }, sort: [{ column: "CreatedOn", descending: true }] },
        all: { action: "noop" },
        made: { action: "create", columns: { Title: { payload: "name" }, StageId: { static: "Proposal" }, Notes: { payload: "name" }, Amount: { expression: "1 + 1" } } },
        gone: { action: "delete" },
      },
    },
  },
};

const column = (name: string, required = false): Column => ({ name, required_on_create: required }) as unknown as Column;

describe("a mapping", () => {
  it("comes back as it was, several columns of one payload field included", () => {
    expect(toMapping(draftFrom(mapping, objects), objects)).toEqual(mapping);
    expect(toMapping(draftFrom({ objects: { deal: { entity: null } } }, objects), objects)).toEqual({ objects: { deal: { entity: null } } });
  });

  it("knows what was left out on purpose from what was declared since", () => {
    const before: Objects = { deal: { ...objects.deal, events: { made: { type: "create", payloadSchema: { name: { type: "string" } } } } } };
    const draft = draftFrom(mapping, before);
    expect(draft.deal?.events.made?.payload).toEqual({ name: { column: "Title" } });
    expect(draftFrom(mapping, objects).deal?.events.made?.payload).toEqual({ name: { column: "Title" }, note: "ignored" });
  });

  it("drops what is no longer declared, and actions that no longer fit", () => {
    const now: Objects = { deal: { fields: { name: { type: "string" } }, events: { find: { type: "update" }, gone: { type: "delete" } } } };
    const draft = fitted(draftFrom({ objects: { ...mapping.objects, other: { entity: null } } }, objects), now);
    expect(Object.keys(draft)).toEqual(["deal"]);
    expect(Object.keys(draft.deal?.fields ?? {})).toEqual(["name"]);
    expect(Object.keys(draft.deal?.events ?? {})).toEqual(["gone"]);
  });

  it("leaves out what is half done", () => {
    const draft = draftFrom(mapping, objects);
    const deal = draft.deal as ObjectDraft;
    deal.fields = { name: { column: "" }, tags: { children: { A: null, B: { static: 1 } } } };
    deal.events = { made: { ...emptyEvent("create"), payload: { name: "ignored" }, rows: [{ id: "1", column: "", source: { static: 1 } }] } };
    expect(toMapping(draft, objects).objects.deal).toEqual({ entity: "Opportunity", fields: {}, events: { made: { action: "create", columns: {} } } });
  });
});

describe("what is complete", () => {
  it("holds of fields", () => {
    expect([null, { empty: true as const }, { column: "" }, { column: "A" }, { static: "" }, { static: false }, { expression: " " }, { children: {} }, { children: { A: null } }, { children: { A: { column: "A" } } }].map(isFieldComplete)).toEqual([
      false, true, false, true, false, true, false, false, false, true,
    ]);
    expect(isFieldComplete({ column: "A", transform: "find", where: { property: "", equals: 1 } })).toBe(false);
    expect(isFieldComplete({ column: "A", transform: "find", where: { property: "p", equals: 1 } })).toBe(true);
    expect(isFieldComplete({ column: "A", transform: "collect", property: "" })).toBe(false);
  });

  it("holds of events by what they do", () => {
    const made = objects.deal?.events?.made;
    if (!made) throw new Error("it is declared above");
    const create = { ...emptyEvent("create"), payload: { name: { column: "Title" } } };
    expect(isEventComplete(undefined, made)).toBe(false);
    expect(isEventComplete(emptyEvent(), made)).toBe(false);
    expect(isEventComplete(emptyEvent("noop"), made)).toBe(true);
    expect(isEventComplete(create, made)).toBe(false);
    const decided = { ...create, payload: { ...create.payload, note: "ignored" as const } };
    expect(isEventComplete(decided, made)).toBe(true);
    expect(isEventComplete({ ...decided, rows: [{ id: "1", column: "Amount", source: { static: null } }] }, made)).toBe(false);
    const columns = [column("Title", true), column("StageId", true)];
    expect(missingColumns(decided, columns).map(({ name }) => name)).toEqual(["StageId"]);
    expect(isEventComplete(decided, made, columns)).toBe(false);
    expect(isEventComplete({ ...decided, action: "update" }, made, columns)).toBe(true);
    expect(isEventComplete({ ...emptyEvent("search"), sort: [{ column: "", descending: false }] }, { type: "search" })).toBe(false);
    expect(isEventComplete(emptyEvent("search"), { type: "search" })).toBe(true);
  });

  it("is counted by parts, of which an opted out object has one", () => {
    expect(partsOf("deal", objects.deal ?? {}, undefined).map(({ done }) => done)).toEqual([false, false, false, false, false, false]);
    expect(partsOf("deal", objects.deal ?? {}, { entity: null, fields: {}, events: {} })).toEqual([{ object: "deal", kind: "entity", done: true }]);
    expect(allParts(objects, draftFrom(mapping, objects), () => []).every(({ done }) => done)).toBe(true);
  });
});

describe("an object whose entity was chosen", () => {
  it("starts with what its events are, and a search with a condition for each payload field", () => {
    const events = startingEvents(objects.deal ?? {});
    expect(Object.entries(events).map(([slug, { action }]) => [slug, action])).toEqual([["find", "search"], ["all", null], ["made", "create"], ["gone", "delete"]]);
    expect(events.find?.filter.items).toMatchObject([{ column: "", op: "eq", operand: { by: "payload", field: "name" } }]);
  });

  it("carries a field's column over to what is undecided, never over a choice", () => {
    const declared = objects.deal ?? {};
    const object: ObjectDraft = { entity: "Opportunity", fields: { name: { column: "Title" } }, events: startingEvents(declared) };
    const after = carryOver(object, declared, "name", () => true);
    expect(after.events.find?.filter.items).toMatchObject([{ column: "Title" }]);
    expect(after.events.made?.payload).toEqual({ name: { column: "Title" } });
    const again = carryOver({ ...after, fields: { name: { column: "Other" } } }, declared, "name", () => true);
    expect(again.events).toEqual(after.events);
    expect(carryOver(object, declared, "name", () => false).events).toEqual(object.events);
  });
});
