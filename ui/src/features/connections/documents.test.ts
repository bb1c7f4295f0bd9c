import { describe, expect, it } from "vitest";
import { filterText, writeText } from "./documents";

describe("a mapping in a line", () => {
  it("says a filter as people do", () => {
    const filter = {
      all: [
        { column: "Stage.Name", op: "eq", value: "Proposal" },
        { any: [{ column: "AccountId", op: "eq", payload: "account_id" }, { not: { column: "Email", op: "is_null" } }] },
      ],
    };
    expect(filterText(filter)).toBe('Stage.Name eq "Proposal" and (AccountId eq payload.account_id or not (Email is_null))');
    expect(filterText({ column: "Amount", op: "between", values: [1, 2] })).toBe("Amount between [1,2]");
  });

  it("says where a written value comes from", () => {
    expect([writeText({ payload: "title" }), writeText({ static: "Won" }), writeText({ expression: "payload.a * 2" })]).toEqual(["payload.title", '"Won"', "payload.a * 2"]);
  });
});
