// What an app declares and what it gets: the public types, shared with the page that the dialog shows.

export type FieldType = "string" | "number" | "integer" | "boolean" | "object" | "array";

export interface FieldDeclaration {
  type: FieldType;
  /** `datetime` on a string; on an array the type of its items. */
  format?: string | null;
  label?: string;
  description?: string;
}

export type EventType = "search" | "create" | "update" | "delete";

export interface EventDeclaration {
  type: EventType;
  label?: string;
  /** Taken for `label` where that is missing. */
  name?: string;
  description?: string;
  payloadSchema?: Record<string, FieldDeclaration>;
}

export interface ObjectDeclaration {
  label?: string;
  description?: string;
  fields?: Record<string, FieldDeclaration>;
  events?: Record<string, EventDeclaration>;
}

/** By slug. */
export type Objects = Record<string, ObjectDeclaration>;

export type ThemeMode = "light" | "dark" | "system";

export interface Theme {
  mode?: ThemeMode;
  /** CSS variables such as `--accent`; a value may hold `light-dark(…, …)`. */
  variables?: Record<string, string>;
}

/** Texts that replace those of Link, by their names in its file of strings; nested as there. */
export interface Strings {
  [name: string]: string | Strings;
}

export interface LinkOptions {
  /** Any id that the app chooses. One that exists and is active opens at its mapping; without one a new one is made. */
  connectionID?: string;
  objects?: Objects;
  /** Skips the list of CRMs; an unknown one shows the list. */
  preselectCRMSlug?: string;
  /** `en` or `de`; the browser's otherwise. */
  language?: string;
  theme?: Theme;
  strings?: Strings;
  /** `redirect` leaves the app's page for that of the hub, and comes back to `returnTo`. */
  mode?: "dialog" | "redirect";
  /** Where redirect mode comes back to: this page otherwise. */
  returnTo?: string;
}

/** Every reason for which a link ends without a connection. */
export const LINK_ERROR_CODES = [
  "no-token",
  "token-invalid",
  "wrong-origin",
  "connection-not-found",
  "connection-not-crm",
  "no-connectors",
  "access-denied",
  "unavailable",
  "authorization-failed",
  "popup-blocked",
  "popup-closed",
  "disconnected",
  "closed",
  "invalid-objects",
  "lost-server",
] as const;

export type LinkErrorCode = (typeof LINK_ERROR_CODES)[number];

export interface LinkFailure {
  code: LinkErrorCode;
  message: string;
  /** What is wrong in `objects`, by JSON pointers such as `/objects/deal/fields/amount/type`. */
  errors?: { path: string; detail: string }[];
}

/** What the promise of `linkCRM` is rejected with. */
export class LinkError extends Error {
  override readonly name = "LinkError";
  readonly code: LinkErrorCode;
  readonly errors: { path: string; detail: string }[];

  constructor({ code, message, errors }: LinkFailure) {
    super(message);
    this.code = code;
    this.errors = errors ?? [];
  }
}
