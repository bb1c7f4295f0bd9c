// Who opened this page, and how to tell it the end.
import type { LinkFailure, LinkOptions } from "../../../../sdk/js/link/src/types";

export interface Host {
  kind: "dialog" | "redirect";
  token: string;
  options: LinkOptions;
  /** The connection that the token may make, if the app named none: the same after a reload. */
  connectionID: string;
  done: (connectionID: string) => void;
  fail: (reason: LinkFailure) => void;
  /** Told when the app's page asks to close. */
  onClose: (listener: () => void) => () => void;
  /** Keeps a renewed token where this host needs it. */
  keepToken: (token: string) => void;
  /** Checks that the way back is one of the app's; null if it is. */
  refusesReturn: (origins: readonly string[] | undefined) => boolean;
}

export type Opened =
  | { host: Host }
  /** The page that a CRM came back to in a window of its own. */
  | { landing: true }
  /** Nobody opened it, or whoever did does not answer. */
  | { alone: true };

/** `crypto.randomUUID` is missing on plain http. */
export function newUuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
