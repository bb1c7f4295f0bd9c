import { describe, expect, it } from "vitest";
import { duration, exactTime, fromLocalInput, relativeTime, toLocalInput } from "./time";

const NOW = new Date("2026-11-27T20:00:00Z");
const ago = (seconds: number): string => relativeTime(new Date(NOW.getTime() - seconds * 1000), NOW, "en");

describe("relative time", () => {
  it.each([
    [0, "now"],
    [4, "now"],
    [12, "12 seconds ago"],
    [59.6, "1 minute ago"],
    [3540, "59 minutes ago"],
    [3599, "1 hour ago"],
    [7200, "2 hours ago"],
    [86_400, "yesterday"],
    [86_400 * 12, "12 days ago"],
    [86_400 * 70, "2 months ago"],
    [86_400 * 800, "2 years ago"],
    [-90, "in 2 minutes"],
    [-86_400 * 2, "in 2 days"],
  ])("%s seconds ago is %s", (seconds, text) => expect(ago(seconds)).toBe(text));

  it("speaks the reader's language", () => {
    expect(relativeTime(new Date(NOW.getTime() - 7_200_000), NOW, "de")).toBe("vor 2 Stunden");
  });
});

describe("exact time", () => {
  it("has seconds and the zone", () => {
    expect(exactTime(NOW, "en-GB", "Europe/Berlin")).toMatch(/27 Nov 2026.*21:00:00/);
  });
});

describe("durations", () => {
  it.each([
    [29, "29 ms"],
    [1500, "1.5 sec"],
    [120_000, "2 min"],
    [5_400_000, "1.5 hr"],
    [86_400_000, "1 day"],
  ])("%s", (milliseconds, text) => expect(duration(milliseconds, "en")).toBe(text));
});

describe("times of inputs", () => {
  it("go there and back to the minute", () => {
    expect(fromLocalInput(toLocalInput("2026-03-29T01:30:00.000Z"))).toBe("2026-03-29T01:30:00.000Z");
  });

  it.each(["", "yesterday"])("make nothing of %j", (value) => {
    expect(fromLocalInput(value)).toBeUndefined();
    expect(toLocalInput(value)).toBe("");
  });
});
