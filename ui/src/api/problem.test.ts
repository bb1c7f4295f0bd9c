import { describe, expect, it } from "vitest";
import { problemWords } from "../components/states";
import { adviceFor } from "../features/events/event-bits";
import { en } from "../strings/en";
import { asProblem, errorAt, mayPass, Problem, problemFrom } from "./problem";

const answer = (status: number, headers: Record<string, string> = {}): Response => new Response(null, { status, headers });

describe("problems", () => {
  it("are told in the server's words", () => {
    const body = {
      type: "https://turnbuckle.dev/problems/invalid-request",
      title: "The request is not valid",
      status: 400,
      detail: "2 members are wrong",
      errors: [{ path: "/since", detail: "must be a time" }],
    };
    const problem = problemFrom(answer(400), body);
    expect(problem.kind).toBe("invalid-request");
    expect(problem.errors).toEqual(body.errors);
    expect(problemWords(problem, en)).toEqual({ title: body.title, detail: body.detail });
  });

  it("say when to come back", () => {
    const body = { type: "https://turnbuckle.dev/problems/rate-limited", title: "Too many requests", status: 429, detail: "Wait." };
    expect(problemWords(problemFrom(answer(429, { "retry-after": "30" }), body), en).detail).toBe("Wait. Try again in 30 seconds.");
  });

  it.each([undefined, null, "<h1>Bad gateway</h1>", { error: "x" }])("are made of answers that are none: %j", (body) => {
    expect(problemWords(problemFrom(answer(502), body), en).title).toBe("The server answered 502");
  });

  it("are made of no answer at all", () => {
    const problem = asProblem(new TypeError("Failed to fetch"));
    expect(problemWords(problem, en).title).toBe("The server does not answer");
    expect(mayPass(problem)).toBe(true);
  });

  it("are tried again by themselves only where that may help", () => {
    const again = [400, 401, 403, 404, 409, 429, 500, 503].filter((status) => mayPass(problemFrom(answer(status), null)));
    expect(again).toEqual([429, 500, 503]);
  });
});

describe("advice for errors of events", () => {
  it.each([
    ["the body cannot be parsed at line 1 column 13: expected value", "parse"],
    ["item 1: the webhook names no entity: add `EntityName` or give the source a mapping", "noEntity"],
    ["`Leed` is not an entity of the connection; did you mean `Lead`?", "wrongEntity"],
    ["`Name` is required", "required"],
    ["something new", "other"],
  ])("%s: %s", (error, advice) => expect(adviceFor(error)).toBe(advice));
});

describe("what is wrong with a member", () => {
  const problem = new Problem(400, "invalid-request", "The request is not valid", null, [
    { path: "/entities/0", detail: "`Leed` is unknown" },
    { path: "/entities/3", detail: "`Ordr` is unknown" },
    { path: "/entities_max", detail: "is unknown" },
  ]);

  it("is what is said of it and of its parts", () => {
    expect(errorAt(problem, "/entities")).toBe("`Leed` is unknown; `Ordr` is unknown");
    expect(errorAt(problem, "/name")).toBeUndefined();
    expect(errorAt(null, "/entities")).toBeUndefined();
  });
});
