import { describe, expect, it } from "vitest";
import { originOf } from "./domain.ts";
import { isEnvelope, packHandover, returnAddress, unpackHandover } from "./protocol.ts";
import { readToken } from "./token.ts";

describe("the domain", () => {
  it.each([
    ["crm.example.com", "https://crm.example.com"],
    ["crm.example.com:8443", "https://crm.example.com:8443"],
    ["localhost:8080", "http://localhost:8080"],
    ["127.0.0.1:8080", "http://127.0.0.1:8080"],
    ["[::1]:8080", "http://[::1]:8080"],
    ["https://localhost:8443/", "https://localhost:8443"],
    ["http://hub.internal", "http://hub.internal"],
    ["localhost.example.com", "https://localhost.example.com"],
  ])("%s is served at %s", (domain, origin) => {
    expect(originOf(domain)).toBe(origin);
  });
});

describe("the token", () => {
  const token = (payload: object): string => `x.${btoa(JSON.stringify(payload)).replace(/=+$/, "")}.y`;

  it("tells its workspace and its end", () => {
    expect(readToken(token({ workspace: "5b1c7f9e-0d51-4a7e-9a3c-1f6c1d2e3f40", exp: 10 }))).toEqual({ workspace: "5b1c7f9e-0d51-4a7e-9a3c-1f6c1d2e3f40", expiresAt: 10_000 });
  });

  it.each(["", "abc", "a.b.c", token({ exp: 1 }), token({ workspace: "../x", exp: 1 })])("%j is none", (text) => {
    expect(readToken(text)).toBeNull();
  });
});

describe("the protocol", () => {
  it("hands over what it was given, letters of any script included", () => {
    const handover = { token: "t.o.k", options: { connectionID: "größe-é-漢", returnTo: "https://app.example/?a=1" } };
    expect(unpackHandover(`#${packHandover(handover)}`)).toEqual(handover);
    expect(unpackHandover("#nothing")).toBeNull();
    expect(unpackHandover("")).toBeNull();
  });

  it("comes back with how it ended, in place of how it ended before", () => {
    expect(returnAddress("https://app.example/x?a=1&link_error=closed#y", { connectionID: "a b" })).toBe("https://app.example/x?a=1&connection_id=a+b#y");
    expect(returnAddress("https://app.example/?connection_id=z", { code: "closed" })).toBe("https://app.example/?link_error=closed");
  });

  it("knows its own messages", () => {
    expect(isEnvelope({ turnbuckle: "link", nonce: "0123456789abcdef", type: "ready" })).toBe(true);
    for (const other of [null, "x", { turnbuckle: "link", nonce: "short", type: "ready" }, { nonce: "0123456789abcdef", type: "ready" }]) expect(isEnvelope(other)).toBe(false);
  });
});
