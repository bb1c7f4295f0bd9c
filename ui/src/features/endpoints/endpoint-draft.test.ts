import { describe, expect, it } from "vitest";
import type { Endpoint } from "../../api/client";
import { omit } from "../../lib/omit";
import { endpointDocument, endpointDraft, NEW_ENDPOINT } from "./endpoint-draft";

const ENDPOINT = {
  id: "ep_1",
  status: "active",
  created_at: "2026-11-27T13:00:00Z",
  updated_at: "2026-11-27T13:00:00Z",
  url: "https://app.example/hooks",
  description: "Billing",
  format: "standard",
  scope: "changes",
  connection: "acme-crm",
  entities: ["Contact"],
  types: ["create", "update"],
  success: "204",
  coalesce: false,
  own_changes: "drop",
  ed25519: true,
  retry_schedule: [5, 60],
  timeout_ms: 2500,
  headers: { "x-team": "billing", "x-old": "1" },
} as Endpoint;

describe("the draft of an endpoint", () => {
  it("gives back what it was made of, without a token that nobody typed", () => {
    const settings = omit(ENDPOINT, ["id", "status", "created_at", "updated_at"]);
    expect(endpointDocument(endpointDraft(ENDPOINT), ENDPOINT)).toEqual({ ...settings, modules: null });
  });

  it("names with null a header that was taken out, and a token that is to go", () => {
    const draft = { ...endpointDraft(ENDPOINT), headers: [{ name: "x-team", value: "sales" }], dropToken: true };
    expect(endpointDocument(draft, ENDPOINT)).toMatchObject({ headers: { "x-team": "sales", "x-old": null }, token: null });
  });

  it("of format agile has modules, and neither entities nor another scope", () => {
    const document = endpointDocument({ ...NEW_ENDPOINT, format: "agile", modules: ["deal"], scope: "notices", entities: ["Lead"] });
    expect(document).toMatchObject({ format: "agile", scope: "changes", modules: ["deal"], entities: null });
  });

  it("of notices is about no connection and no entity", () => {
    expect(endpointDocument({ ...endpointDraft(ENDPOINT), scope: "notices" })).toMatchObject({ scope: "notices", connection: null, entities: null });
  });
});
