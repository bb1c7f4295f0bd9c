import { describe, expect, it } from "vitest";
import { columnText, columnValue } from "./column-text";

describe("a column's text", () => {
  it.each([
    ["text", "Ada"],
    ["integer", 17],
    ["boolean", true],
    ["boolean", false],
    ["date", "1815-12-10"],
    ["datetime", "2026-11-23T21:19:00.000Z"],
    ["multi_option", ["a", "b"]],
    ["object", { a: [1] }],
    ["list", [1, 2]],
    ["text", null],
  ])("of type %s gives back its value %j", (type, value) => {
    expect(columnValue(columnText(value, { type }), { type })).toEqual(value);
  });

  it("keeps digits that JavaScript would lose", () => {
    expect(columnValue("9223372036854775807", { type: "integer" })).toBe("9223372036854775807");
    expect(columnValue("12345678901234567890.12", { type: "decimal" })).toBe("12345678901234567890.12");
  });

  it("refuses what is no JSON", () => {
    expect(() => columnValue("{oops", { type: "object" })).toThrow(SyntaxError);
  });
});
