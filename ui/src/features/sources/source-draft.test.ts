import { describe, expect, it } from "vitest";
import { mappingDraft, mappingOf, sameMapping, type SourceMapping } from "./mapping-draft";
import { sourceDocument, sourceDraft } from "./source-draft";

const FULL = {
  name: "landing page",
  connection: "acme-crm",
  entities: ["Lead"],
  create_records: false,
  reply: "processed" as const,
  match_on: { Lead: ["Email", "Contact"] },
  defaults: { Lead: { Budget: 5, LeadSourceId: "Web" } } as never,
  mapping: null,
  function: { name: "clean_lead", runs: "before" as const, repeat_cut_off: true },
  verify: { sender: "github", secrets: ["***1"] },
  dedupe: { header: "x-event-id" },
  origins: ["https://www.example.com"],
  redirect: "https://www.example.com/thanks",
  rate_limit: { per_second: 5 },
};

describe("the draft of a source", () => {
  it("gives back what it was made of", () => {
    expect(sourceDocument(sourceDraft(FULL), FULL)).toEqual(FULL);
  });

  it("of a new one says what the server would take for granted", () => {
    expect(sourceDocument({ ...sourceDraft(), name: " shop ", connection: "acme-crm" })).toMatchObject({
      name: "shop",
      create_records: true,
      entities: null,
      verify: null,
      dedupe: null,
      function: null,
      rate_limit: null,
    });
  });

  it("leaves out rows that are not finished", () => {
    const draft = { ...sourceDraft(FULL), match: [{ entity: "", columns: "Email" }], defaults: [{ entity: "Lead", column: "", text: "x" }] };
    expect(sourceDocument(draft)).toMatchObject({ match_on: {}, defaults: {} });
  });
});

describe("the draft of a mapping", () => {
  const mapping: SourceMapping = {
    entity: "Lead",
    each: "body.leads",
    when: "item.agreed",
    columns: { Contact: { path: "item.name" }, Budget: { static: 5 }, Email: { expression: "item.mail.toLowerCase()" } },
  };

  it("gives back what it was made of, static values with their types", () => {
    expect(mappingOf(mappingDraft(mapping))).toEqual(mapping);
    expect(mappingOf(mappingDraft(null))).toBeNull();
  });

  it("is the same in another order of columns, and another with another value", () => {
    expect(sameMapping(mapping, { ...mapping, columns: Object.fromEntries(Object.entries(mapping.columns).reverse()) })).toBe(true);
    expect(sameMapping(mapping, { ...mapping, when: null })).toBe(false);
  });
});
