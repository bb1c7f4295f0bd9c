import { describe, expect, it } from "vitest";
import { Turnbuckle, TurnbuckleError, verifyWebhook, WebhookError } from "./index.ts";

// Vectors of the Standard Webhooks libraries, and of Svix for `v1a`.
const ID = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const BODY = '{"test": 2432232314}';
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const PUBLIC = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
const ASYMMETRIC = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";
const AT = 1_614_265_330;
const headers = (more: Record<string, string> = {}): Record<string, string> => ({ "webhook-id": ID, "webhook-timestamp": String(AT), "webhook-signature": SIGNATURE, ...more });
const now = AT * 1000;

describe("a webhook", () => {
  it("of the hub is taken", async () => {
    await expect(verifyWebhook(BODY, headers(), SECRET, { now })).resolves.toEqual({ test: 2432232314 });
    await expect(verifyWebhook(new TextEncoder().encode(BODY), new Headers(headers()), SECRET, { now })).resolves.toEqual({ test: 2432232314 });
    await expect(verifyWebhook(BODY, headers({ "webhook-signature": ASYMMETRIC }), PUBLIC, { now })).resolves.toBeTruthy();
    await expect(verifyWebhook(BODY, headers({ "webhook-signature": `v1,AAAA v2,x ${SIGNATURE}` }), ["whsec_AAAA", SECRET], { now })).resolves.toBeTruthy();
    await expect(verifyWebhook(BODY, headers(), SECRET, { now: now + 300_000 })).resolves.toBeTruthy();
  });

  it.each([
    ["without an id", { "webhook-id": undefined }, BODY, SECRET, now],
    ["without a signature", { "webhook-signature": undefined }, BODY, SECRET, now],
    ["without a time", { "webhook-timestamp": undefined }, BODY, SECRET, now],
    ["whose time is none", { "webhook-timestamp": "soon" }, BODY, SECRET, now],
    ["of before", {}, BODY, SECRET, now + 301_000],
    ["of later", {}, BODY, SECRET, now - 301_000],
    ["with another body", {}, `${BODY} `, SECRET, now],
    ["with another id", { "webhook-id": "msg_x" }, BODY, SECRET, now],
    ["with an empty signature", { "webhook-signature": "v1," }, BODY, SECRET, now],
    ["with a cut signature", { "webhook-signature": SIGNATURE.slice(0, -4) }, BODY, SECRET, now],
    ["of a version we do not know", { "webhook-signature": SIGNATURE.replace("v1", "v2") }, BODY, SECRET, now],
    ["with the signature of the other kind", { "webhook-signature": ASYMMETRIC }, BODY, SECRET, now],
    ["checked by no secret", {}, BODY, "whsec_", now],
  ])("%s is refused", async (_, more, body, secret, at) => {
    await expect(verifyWebhook(body, { ...headers(), ...more }, secret, { now: at })).rejects.toBeInstanceOf(WebhookError);
  });
});

describe("the client", () => {
  const answer = (status: number, body?: unknown): Response => new Response(body === undefined ? null : JSON.stringify(body), { status, headers: { "content-type": status < 400 ? "application/json" : "application/problem+json" } });

  function client(answers: Response[]): { hub: Turnbuckle; asked: Request[] } {
    const asked: Request[] = [];
    const fetch = ((input: Request | string, init?: RequestInit) => {
      asked.push(new Request(input, init));
      return Promise.resolve(answers.shift() ?? answer(500));
    }) as typeof globalThis.fetch;
    return { hub: new Turnbuckle({ url: "https://hub.example/", publishableKey: "pk", secretKey: "sk", fetch }), asked };
  }

  it("makes a token for the browser", async () => {
    const { hub, asked } = client([answer(200, { access_token: "t", expires_at: "2026-01-01T00:00:00Z", context: {} })]);
    expect((await hub.createContextToken("acme", "Acme")).access_token).toBe("t");
    expect(asked[0]?.url).toBe("https://hub.example/api/platform/contexts");
    expect(asked[0]?.headers.get("authorization")).toBe(`Basic ${btoa("pk:sk")}`);
    expect(await asked[0]?.json()).toEqual({ context: { external_id: "acme", external_name: "Acme" } });
  });

  it("goes through all pages of a search", async () => {
    const page = (id: string, next?: string): Response => answer(200, { records: [{ type: "deal", id, data: {} }], page: { has_more: next !== undefined, ...(next === undefined ? {} : { next }) } });
    const { hub, asked } = client([page("a", "n1"), page("b")]);
    const found: string[] = [];
    for await (const record of hub.connection("acme-crm").search("deal", "open", { account_id: "1" })) found.push(record.id);
    expect(found).toEqual(["a", "b"]);
    expect(asked.map(({ url }) => url)).toEqual(["https://hub.example/api/v1/crm/acme-crm/objects/deal/events/open", "https://hub.example/api/v1/crm/acme-crm/objects/deal/events/open?next=n1"]);
  });

  it("invokes events, whatever they do", async () => {
    const { hub, asked } = client([answer(201, { record: { type: "deal", id: "Deal:1", data: {} } }), answer(204)]);
    const acme = hub.connection("acme-crm");
    expect((await acme.invoke("deal", "made", { name: "x" }, { idempotencyKey: "k" }))?.id).toBe("Deal:1");
    expect(await acme.invoke("deal", "gone", {}, { recordId: "Deal:1" })).toBeNull();
    expect(asked[0]?.headers.get("idempotency-key")).toBe("k");
    expect(await asked[1]?.json()).toEqual({ payload: {}, record_id: "Deal:1" });
  });

  it("reads records and subscribes", async () => {
    const record = { type: "deal", id: "Deal:1", data: {} };
    const { hub, asked } = client([answer(200, { record }), answer(200, { records: [record, null] }), answer(204), answer(204), answer(204), answer(204)]);
    const acme = hub.connection("acme-crm");
    expect(await acme.getRecord("deal", "Deal:1")).toEqual(record);
    expect(await acme.getRecords("deal", ["Deal:1", "Deal:2"])).toEqual([record, null]);
    await acme.subscribe("deal", "Deal:1");
    await acme.unsubscribe("deal", "Deal:1");
    await acme.subscribeToSearch("deal", "open", { a: 1 });
    await acme.unsubscribeFromSearch("deal", "open", { a: 1 });
    expect(asked.slice(2).map(({ method }) => method)).toEqual(["POST", "DELETE", "POST", "DELETE"]);
  });

  it("tells what went wrong in a way to act on", async () => {
    const problem = { type: "https://turnbuckle.dev/problems/mapping-incomplete", title: "The mapping is not complete", status: 409, detail: "finish it in CRM Link" };
    const { hub } = client([answer(409, problem)]);
    const error = await hub.connection("c").getRecord("deal", "x").catch((found: unknown) => found);
    expect(error).toBeInstanceOf(TurnbuckleError);
    expect(error).toMatchObject({ status: 409, code: "mapping-incomplete", message: "The mapping is not complete: finish it in CRM Link" });
  });
});
