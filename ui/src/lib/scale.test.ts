import { describe, expect, it } from "vitest";
import { durationMarks, shortCount } from "./scale";

describe("durationMarks", () => {
  it("takes in all values", () => {
    expect(durationMarks([3, 250])).toEqual([1, 10, 100, 1_000]);
    expect(durationMarks([10, 100])).toEqual([10, 100]);
    expect(durationMarks([2_000, 50_000])).toEqual([1_000, 10_000, 60_000]);
  });

  it("has two marks at least, also of one value and at both ends", () => {
    expect(durationMarks([1])).toEqual([1, 10]);
    expect(durationMarks([100, 100])).toEqual([100, 1_000]);
    expect(durationMarks([86_400_000])).toEqual([36_000_000, 86_400_000]);
  });
});

describe("shortCount", () => {
  it("is short in either language", () => {
    expect(shortCount(12, "en")).toBe("12");
    expect(shortCount(1_234, "en")).toBe("1.2K");
    expect(shortCount(1_234, "de")).toBe("1234");
  });
});
