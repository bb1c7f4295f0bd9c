import { describe, expect, it } from "vitest";
import { listOf, literalOf, literalText } from "./literal";

describe("a literal in a text field", () => {
  it.each([[5], ["five"], [true], [{ a: 1 }], [null]])("stays %j while nobody types", (value) => {
    expect(literalOf(literalText(value), value)).toEqual(value);
  });

  it("is a text once somebody has typed", () => {
    expect(literalOf("6", 5)).toBe("6");
    expect(literalOf("6", undefined)).toBe("6");
  });
});

describe("a list in a text field", () => {
  it("has its items on lines or with commas between", () => {
    expect(listOf(" Email, Phone\n\nName ,")).toEqual(["Email", "Phone", "Name"]);
  });
});
