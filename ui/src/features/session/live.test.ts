import { expect, test } from "vitest";
import { queriesOf } from "./live";

test("each list leads to what shows it, once", () => {
  expect(queriesOf(["inbound-events", "deliveries"])).toEqual(["inbound-events", "deliveries", "endpoints"]);
  expect(queriesOf(["changes", "changes"])).toEqual(["changes", "records"]);
});

test("a list of a later version is nobody's", () => {
  expect(queriesOf(["journeys", "toString"])).toEqual([]);
});
