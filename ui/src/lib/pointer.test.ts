import { describe, expect, it } from "vitest";
import { lineAt, offsetAt } from "./pointer";

const TEXT = `{
  "objects": {
    "a/b": { "x": [1, {"y": "} ] \\" ,"}, true], "z": null },
    "deal": {
      "fields": { "value": {"column": "Amout"} }
    }
  }
}`;

const valueAt = (pointer: string): string => TEXT.slice(offsetAt(TEXT, pointer));

describe("an offset in JSON", () => {
  it.each([
    ["", "{\n"],
    ["/objects/a~1b/x/0", "1,"],
    ["/objects/a~1b/x/1/y", '"} ]'],
    ["/objects/a~1b/x/2", "true"],
    ["/objects/a~1b/z", "null"],
    ["/objects/deal/fields/value/column", '"Amout"'],
  ])("of %s is where its value begins", (pointer, begin) => {
    expect(valueAt(pointer).startsWith(begin)).toBe(true);
  });

  it("of what is not there is the last value on the way", () => {
    expect(valueAt("/objects/deal/fields/nothing/more").startsWith('{ "value"')).toBe(true);
    expect(lineAt(TEXT, offsetAt(TEXT, "/objects/deal/fields/value"))).toBe(5);
  });
});
