import { describe, expect, it } from "vitest";
import { languageFor, replaced, say, sayCount } from ".";
import de from "./de.json";
import en from "./en.json";

type Leaf = [path: string, text: string];
const leaves = (value: object, path = ""): Leaf[] =>
  Object.entries(value as Record<string, string | object>).flatMap(([name, inner]): Leaf[] => (typeof inner === "string" ? [[`${path}.${name}`, inner]] : leaves(inner, `${path}.${name}`)));
const places = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "").sort();

describe("the strings of Link", () => {
  const german = new Map(leaves(de));

  it("say the same things in every language, with the same places to fill", () => {
    expect(leaves(de).map(([path]) => path)).toEqual(leaves(en).map(([path]) => path));
    const wrong = leaves(en).filter(([path, text]) => places(text).join() !== places(german.get(path) ?? "").join());
    expect(wrong).toEqual([]);
  });

  it("were not forgotten to be translated", () => {
    const same = leaves(en).filter(([path, text]) => (german.get(path) === text && path !== ".overview.is") || german.get(path)?.trim() === "");
    expect(same).toEqual([]);
  });

  it("are replaced in part, by texts only", () => {
    const own = replaced(en, { app: { title: "Hook up", close: {} }, nothing: "x" });
    expect(own.app.title).toBe("Hook up");
    expect(own.app.close).toBe(en.app.close);
    expect(replaced(en, undefined)).toBe(en);
  });

  it("fill places and count", () => {
    expect(say("{a} and {b}", { a: 1 })).toBe("1 and {b}");
    expect(sayCount(en.search.count, 1, "en")).toBe("1 record is found");
    expect(sayCount(de.search.count, 1200, "de")).toBe("1.200 Datensätze werden gefunden");
  });

  it("come in the wanted language, else one of the browser's", () => {
    expect(languageFor("de-AT", ["en"])).toBe("de");
    expect(languageFor("fr", ["de-CH", "en"])).toBe("de");
    expect(languageFor(undefined, ["fr"])).toBe("en");
  });
});
