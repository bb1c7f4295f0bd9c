import { describe, expect, it } from "vitest";
import { filtersFrom, queryOf, replayable, safePath } from "./filters";

describe("filters in the address", () => {
  const names = ["status", "error", "cursor"] as const;

  it("are read by their names, without empty and unknown ones", () => {
    expect(filtersFrom("?status=failed&error=&colour=red", names)).toEqual({ status: "failed" });
  });

  it("are left out where the value is none", () => {
    expect(filtersFrom("status=lost&cursor=abc", names, { status: ["failed", "done"] })).toEqual({ cursor: "abc" });
  });

  it("come back as they went", () => {
    const filters = { status: "failed", error: "did you mean `Lead`? & more", cursor: "a+b/c=" };
    expect(filtersFrom(queryOf(filters), names)).toEqual(filters);
  });

  it("are one address in any order", () => {
    expect(queryOf({ b: "2", a: "1", c: undefined, d: "" })).toBe("?a=1&b=2");
    expect(queryOf({})).toBe("");
  });
});

describe("a replay of all that match", () => {
  it.each([
    [{}, false],
    [{ cursor: "abc" }, false],
    [{ status: "failed" }, true],
    [{ status: "failed", since: "2026-01-01T00:00:00Z", cursor: "abc" }, true],
    [{ status: "failed", error: "leed" }, false],
    [{ source: "src_1", entity: "" }, true],
  ])("with %j: %s", (filters, may) => expect(replayable(filters)).toBe(may));
});

describe("where the sign-in leads", () => {
  const origin = "https://hub.example";
  it.each([
    [null, "/"],
    ["/events?status=failed", "/events?status=failed"],
    ["/events#top", "/events#top"],
    ["https://evil.example/", "/"],
    ["//evil.example/", "/"],
    ["/\\evil.example/", "/"],
    ["/\t/evil.example", "/"],
    ["javascript:alert(1)", "/"],
    ["/sign-in?to=/sign-in", "/"],
    ["events", "/"],
  ])("%j leads to %j", (to, path) => expect(safePath(to, origin)).toBe(path));
});
