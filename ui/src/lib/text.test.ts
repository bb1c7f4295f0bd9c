import { describe, expect, it } from "vitest";
import { byteSize, countByEntity, prettyJson, shorten, shortId, valueText } from "./text";

describe("pretty JSON", () => {
  it("lays out what was compact", () => {
    expect(prettyJson('{"a":[1,{"b":"x, y: {z}"}],"e":{},"f":[ ]}')).toBe(
      '{\n  "a": [\n    1,\n    {\n      "b": "x, y: {z}"\n    }\n  ],\n  "e": {},\n  "f": []\n}',
    );
  });

  it("changes no number, no repeated member and no escape", () => {
    const text = '{"id":12345678901234567890,"a":1.0,"a":"\\u00e9\\"}"}';
    expect(prettyJson(text)?.replace(/\n */g, "").replaceAll(": ", ":")).toBe(text);
  });

  it.each(["", "plain", '"text"', "17", '{"a":', "a=1&b=2"])("leaves %j as it is", (text) => expect(prettyJson(text)).toBeNull());
});

describe("ids and values", () => {
  it("are shortened to what tells them apart", () => {
    expect(shortId("in_01a20a470c5070008026c04b4e4540b8")).toBe("in_…4e4540b8");
    expect(shortId("acme-crm")).toBe("acme-crm");
  });

  it("show what is there", () => {
    expect(valueText("")).toBeNull();
    expect(valueText(false)).toBe("false");
    expect(valueText({ a: 1 })).toBe('{"a":1}');
  });

  it("shorten texts", () => {
    expect(shorten("a short one", 20)).toBe("a short one");
    expect(shorten("a rather long one", 10)).toBe("a rather…");
  });

  it("count records by entity", () => {
    expect(countByEntity([{ entity: "Order" }, { entity: "Lead" }, { entity: "Order" }])).toEqual([
      ["Order", 2],
      ["Lead", 1],
    ]);
  });
});

describe("a size", () => {
  it("is told in the unit that suits it", () => {
    expect([0, 512, 2_500_000, 20_000_000_000].map((bytes) => byteSize(bytes, "en"))).toEqual(["0 byte", "512 byte", "2.5 MB", "20 GB"]);
  });
});
