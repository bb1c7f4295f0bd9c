import { describe, expect, it } from "vitest";
import { de } from "./de";
import { en } from "./en";

type Leaf = [path: string, value: unknown];

function leaves(value: unknown, path = ""): Leaf[] {
  if (typeof value !== "object" || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, `${path}.${key}`));
}

describe("the strings", () => {
  it("say the same things in every language", () => {
    expect(leaves(de).map(([path]) => path)).toEqual(leaves(en).map(([path]) => path));
  });

  it.each([
    ["en", en],
    ["de", de],
  ])("leave nothing empty in %s", (_, strings) => {
    const empty = leaves(strings).filter(([, value]) => typeof value === "string" && value.trim() === "");
    expect(empty).toEqual([]);
  });

  it("were not forgotten to be translated", () => {
    // Names and words that are the same in both.
    const same = ["Turnbuckle", "CRM", "Name", "URL", "Status", "Format", "Token", "Test", "Sender", "Filter", "Version", "Agile", "Universal", "Standard", "CloudEvents"];
    const english = new Map(leaves(en));
    const forgotten = leaves(de).filter(([path, value]) => typeof value === "string" && value === english.get(path) && !same.includes(value));
    expect(forgotten).toEqual([]);
  });

  it("count in the singular and the plural", () => {
    expect(en.replay.confirm(1)).toBe("Replay 1 event");
    expect(en.replay.confirm(1200)).toBe("Replay 1,200 events");
    expect(de.replay.confirm(1200)).toBe("1.200 Ereignisse wiederholen");
    expect(en.replay.summary(2, 1)).toBe("2 events would be done, 1 would fail again.");
  });
});
