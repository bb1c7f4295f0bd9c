import { describe, expect, it } from "vitest";
import type { Column, Entity } from "../api/shapes";
import { columnsAt, entitiesOn, reasonAgainst, resolve, transformsFor } from "./columns";
import { admitted, contrast, type Rgb } from "./contrast";
import { likeness, suggest, wordsOf } from "./suggestions";
import { isNumberText, textFrom, valueFrom } from "./values";

const column = (name: string, more: Partial<Column> = {}): Column => ({
  name,
  label: name,
  type: "text",
  required: false,
  required_on_create: false,
  unique: false,
  readable: true,
  createable: true,
  updateable: true,
  filterable: true,
  lookup: null,
  options: null,
  feeds: [{ type: "string", format: null, transforms: ["direct", "date"] }],
  filled_by: [{ type: "string", format: null }],
  operators: [{ op: "eq", evaluated_by: "crm" }],
  ...more,
});
const entity = (name: string, columns: Column[]): Entity => ({ name, label: name, label_plural: `${name}s`, custom: false, display: "Name", columns });

describe("columns", () => {
  const country = entity("Country", [column("Name")]);
  const account = entity("Account", [column("Name"), column("CountryId", { lookup: "Country", label: "Country" })]);
  const deal = entity("Deal", [column("Title"), column("AccountId", { lookup: "Account", label: "Account" })]);
  const known = (name: string): Entity | undefined => [country, account].find((it) => it.name === name);

  it("are walked to over lookups", () => {
    expect(resolve("Account.Country.Name", deal, known)?.labels).toEqual(["Account", "Country", "Name"]);
    expect(resolve("Account.Nothing", deal, known)).toBeNull();
    expect(resolve("Account.Name", deal, () => undefined)).toBeNull();
    expect(entitiesOn("Account.Country.Name", deal, known)).toEqual(["Account", "Country"]);
    expect(columnsAt(account, "Account", ["Account"]).map(({ path }) => path)).toEqual(["Account.Name", "Account.CountryId"]);
  });

  it("say why they cannot be chosen", () => {
    const read = { for: "read", field: { type: "number" } } as const;
    expect(reasonAgainst(column("A", { readable: false }), read)).toEqual({ why: "unreadable" });
    expect(reasonAgainst(column("A"), read)).toMatchObject({ why: "type", column: "text" });
    expect(reasonAgainst(column("A"), { for: "read", field: null })).toBeNull();
    expect(reasonAgainst(column("A", { filterable: false }), { for: "filter" })).toEqual({ why: "unfilterable" });
    expect(reasonAgainst(column("A", { createable: false }), { for: "create", payload: null, taken: [] })).toEqual({ why: "uncreateable" });
    expect(reasonAgainst(column("A", { updateable: false }), { for: "update", payload: null, taken: [] })).toEqual({ why: "unupdateable" });
    expect(reasonAgainst(column("A"), { for: "update", payload: null, taken: ["A"] })).toEqual({ why: "taken" });
    expect(reasonAgainst(column("A"), { for: "update", payload: { type: "array" }, taken: [] })).toMatchObject({ why: "type" });
  });

  it("tell how they can be read, the plainest way first", () => {
    expect(transformsFor(column("A"), { type: "string" })).toEqual(["direct", "date"]);
    expect(transformsFor(column("A"), { type: "string", format: "datetime" })).toEqual([]);
    expect(transformsFor(column("A", { feeds: [{ type: "array", format: null, transforms: ["collect", "direct"] }] }), { type: "array", format: "string" })).toEqual(["direct", "collect"]);
  });
});

describe("suggestions", () => {
  it("see through spelling", () => {
    expect(wordsOf("OwnerEmail")).toEqual(["owner", "email"]);
    expect(wordsOf("owner_e-mail")).toEqual(["owner", "email"]);
    expect(wordsOf("AccountId")).toEqual(["account"]);
    expect(likeness("Owner e-mail", "OwnerEmail")).toBe(1);
    expect(likeness("Company", "Account")).toBeGreaterThan(0.9);
    expect(likeness("Deals", "Opportunity")).toBeGreaterThanOrEqual(0.9);
    expect(likeness("Colour", "Amount")).toBe(0);
  });

  it("are the best ones, without what is far behind", () => {
    const candidates = ["Opportunity stage", "Opportunity", "Contact"].map((name) => ({ name, names: [name] }));
    expect(suggest(["deal"], candidates).map(({ name }) => name)).toEqual(["Opportunity"]);
    expect(suggest(["nothing like it"], candidates)).toEqual([]);
  });
});

describe("an app's theme", () => {
  const defaults: Record<string, Rgb> = { "--text": [0, 0, 0], "--page": [255, 255, 255] };
  const colours: Record<string, Rgb> = { faint: [200, 200, 200], dark: [30, 30, 60], white: [255, 255, 255] };
  const colourOf = (variable: string, taken: Record<string, string>): Rgb | null => {
    const set = taken[variable];
    return set === undefined ? (defaults[variable] ?? (variable.startsWith("--on-") || variable.endsWith("soft") || ["--surface", "--sunk", "--hover"].includes(variable) ? [255, 255, 255] : [0, 0, 0])) : (colours[set] ?? null);
  };

  it("has the contrast of WCAG", () => {
    expect(contrast([0, 0, 0], [255, 255, 255])).toBeCloseTo(21);
    expect(contrast([119, 119, 119], [255, 255, 255])).toBeCloseTo(4.48, 2);
  });

  it("loses a colour that cannot be read, and keeps the others", () => {
    const { taken, refused } = admitted({ "--text": "faint", "--muted": "dark", "--round": "4px" }, colourOf);
    expect(taken).toEqual({ "--muted": "dark", "--round": "4px" });
    expect(refused).toMatchObject([{ variable: "--text", why: "contrast", against: "--page" }]);
  });

  it("loses both of a pair that it set", () => {
    expect(admitted({ "--accent": "dark", "--on-accent": "dark" }, colourOf).taken).toEqual({});
  });

  it("takes neither unknown variables nor what is no colour", () => {
    expect(admitted({ "--nope": "dark", "--text": "url(x)" }, colourOf).refused).toEqual([
      { variable: "--nope", why: "unknown" },
      { variable: "--text", why: "not-a-colour" },
    ]);
  });
});

describe("typed values", () => {
  it("become what they are meant as", () => {
    expect(valueFrom("12,5", "decimal")).toBe(12.5);
    expect(valueFrom("1234567890123456789", "integer")).toBe("1234567890123456789");
    expect(valueFrom("abc", "integer")).toBe("abc");
    expect(valueFrom("true", "boolean")).toBe(true);
    expect(valueFrom(" ", "text")).toBeNull();
    expect(valueFrom(" a ", "text")).toBe(" a ");
    expect(isNumberText("1.")).toBe(false);
  });

  it("are shown as they were typed", () => {
    expect(textFrom(false, "boolean")).toBe("false");
    expect(textFrom(null, "text")).toBe("");
    const at = valueFrom("2026-03-04T05:06", "datetime");
    expect(textFrom(at, "datetime")).toBe("2026-03-04T05:06");
  });
});
