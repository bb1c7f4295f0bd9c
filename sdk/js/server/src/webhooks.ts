// Checks that a webhook comes from the hub: Standard Webhooks, `v1` (HMAC-SHA256) and `v1a` (Ed25519), by Web Crypto,
// so that it runs on Node, Deno, Bun and at the edge alike.

/** How far a webhook's time may be from ours, either way. */
const TOLERANCE_SECONDS = 300;

export class WebhookError extends Error {
  override readonly name = "WebhookError";
}

export interface VerifyOptions {
  /** Now, in milliseconds; for tests. */
  now?: number;
}

type HeadersLike = Headers | Record<string, string | string[] | undefined>;

function header(headers: HeadersLike, name: string): string {
  if (headers instanceof Headers) {
    const found = headers.get(name);
    if (found !== null) return found;
  } else {
    const found = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
    if (found !== undefined) return Array.isArray(found) ? found.join(" ") : found;
  }
  throw new WebhookError(`the header ${name} is missing`);
}

/**
 * Checks a webhook and gives back its body as JSON.
 *
 * @param body The raw body, byte for byte: one that was parsed and written again has another signature.
 * @param keys The endpoint's secret `whsec_…` or public key `whpk_…`; both, or an old and a new one, as a list.
 * @throws {WebhookError} If it is not the hub's, or too old.
 */
export async function verifyWebhook<T = unknown>(body: string | Uint8Array, headers: HeadersLike, keys: string | readonly string[], { now = Date.now() }: VerifyOptions = {}): Promise<T> {
  const id = header(headers, "webhook-id");
  const timestamp = header(headers, "webhook-timestamp");
  const signatures = header(headers, "webhook-signature");
  if (!/^\d{1,12}$/.test(timestamp)) throw new WebhookError("the header webhook-timestamp is no time");
  if (Math.abs(now / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) throw new WebhookError("the webhook is too old, or a clock is wrong");

  const raw = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const signed = concat(new TextEncoder().encode(`${id}.${timestamp}.`), raw);
  const checks = await Promise.all((typeof keys === "string" ? [keys] : keys).map(importKey));
  for (const item of signatures.split(" ")) {
    const comma = item.indexOf(",");
    const version = item.slice(0, comma);
    const signature = decode(item.slice(comma + 1));
    if (comma < 0 || !signature || signature.length === 0) continue;
    for (const check of checks) {
      // Web Crypto compares in constant time.
      if (check.version === version && (await crypto.subtle.verify(check.algorithm, check.key, signature, signed))) return JSON.parse(new TextDecoder().decode(raw)) as T;
    }
  }
  throw new WebhookError("no signature fits");
}

interface Check {
  version: "v1" | "v1a";
  algorithm: string;
  key: CryptoKey;
}

async function importKey(key: string): Promise<Check> {
  if (key.startsWith("whpk_")) {
    const bytes = decode(key.slice("whpk_".length));
    if (bytes?.length !== 32) throw new WebhookError("the public key is none");
    return { version: "v1a", algorithm: "Ed25519", key: await crypto.subtle.importKey("raw", bytes, "Ed25519", false, ["verify"]) };
  }
  const bytes = decode(key.replace(/^whsec_/, ""));
  if (!bytes || bytes.length === 0) throw new WebhookError("the secret is none");
  return { version: "v1", algorithm: "HMAC", key: await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]) };
}

function decode(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}

function concat(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(one.length + other.length);
  whole.set(one);
  whole.set(other, one.length);
  return whole;
}
