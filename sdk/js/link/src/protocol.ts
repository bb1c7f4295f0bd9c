// What the app's page and the page in the frame say to each other. Both ends name the exact origin they send to,
// check origin and window of what they get, and repeat the nonce that the frame made when it loaded.
import type { LinkErrorCode, LinkFailure, LinkOptions } from "./types.ts";

interface Envelope {
  turnbuckle: "link";
  nonce: string;
}

export type FrameMessage = Envelope & ({ type: "ready" } | { type: "done"; connectionID: string } | { type: "failed"; reason: LinkFailure });

export type HostMessage = Envelope & ({ type: "start"; token: string; options: LinkOptions } | { type: "close" });

/** Whether it is one of ours at all; the type is checked by who reads it. */
export function isEnvelope(data: unknown): data is Envelope & { type: string } {
  if (typeof data !== "object" || data === null) return false;
  const { turnbuckle, nonce, type } = data as Record<string, unknown>;
  return turnbuckle === "link" && typeof nonce === "string" && nonce.length >= 16 && typeof type === "string";
}

/** What redirect mode hands over in the fragment, which no server sees and the page removes at once. */
export interface Handover {
  token: string;
  options: LinkOptions;
}

export function packHandover(handover: Handover): string {
  const bytes = new TextEncoder().encode(JSON.stringify(handover));
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** Null for a fragment that is no handover. */
export function unpackHandover(fragment: string): Handover | null {
  try {
    const binary = atob(fragment.replace(/^#/, "").replace(/-/g, "+").replace(/_/g, "/"));
    const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
    const found = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Handover> | null;
    return typeof found?.token === "string" && typeof found.options === "object" ? { token: found.token, options: found.options } : null;
  } catch {
    return null;
  }
}

export const RESULT_ID = "connection_id";
export const RESULT_ERROR = "link_error";

/** The address to return to, with how it ended. */
export function returnAddress(returnTo: string, result: { connectionID: string } | { code: LinkErrorCode }): string {
  const address = new URL(returnTo);
  address.searchParams.delete(RESULT_ID);
  address.searchParams.delete(RESULT_ERROR);
  if ("connectionID" in result) address.searchParams.set(RESULT_ID, result.connectionID);
  else address.searchParams.set(RESULT_ERROR, result.code);
  return address.href;
}
