import { describe, expect, it } from "vitest";
import { CUTS, RANGES, sinceOf } from "./ranges";

describe("sinceOf", () => {
  it("cuts so that the last point holds now", () => {
    const now = new Date(2026, 10, 23, 14, 37, 12);
    for (const range of RANGES) {
      const { stepMs, points } = CUTS[range];
      const last = sinceOf(range, now).getTime() + (points - 1) * stepMs;
      expect(last).toBeLessThanOrEqual(now.getTime());
      expect(now.getTime()).toBeLessThan(last + stepMs);
    }
  });

  it("begins where the reader's hours and days do", () => {
    const now = new Date(2026, 10, 23, 14, 37, 12);
    expect(sinceOf("hour", now)).toEqual(new Date(2026, 10, 23, 13, 38));
    expect(sinceOf("day", now)).toEqual(new Date(2026, 10, 22, 14, 45));
    // Days have another length where clocks are changed; none are in these.
    expect(sinceOf("week", now).getHours() % 2).toBe(0);
    expect(sinceOf("month", new Date(2026, 6, 23, 14)).getHours() % 6).toBe(0);
  });
});
