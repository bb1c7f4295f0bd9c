// The one place that talks to the hub. The token is kept in memory, and renewed while it holds.
import { asProblem, Problem, problemFrom } from "../../../src/api/problem";
import { readToken } from "../../../../sdk/js/link/src/token";
import type { Authorization, Connection, Connector, DraftDocument, Entity, EntitySummary, Json, LinkDocument, Mapping, ObjectMapping, Objects, Platform, Preview, SearchResult, Version } from "./shapes";

/** A token is renewed when it holds no longer than this. */
const RENEW_BEFORE_MS = 6 * 60_000;
const LOOK_EVERY_MS = 30_000;
/** A server that is lost must be told of, not waited for. */
const TIMEOUT_MS = 30_000;

export interface LinkDocuments {
  objects: Objects;
  mapping: Mapping;
}

export class LinkApi {
  #token: string;
  #renewing: Promise<void> | null = null;

  constructor(
    token: string,
    /** Told of each new token, for a page that must survive being left. */
    private readonly onToken: (token: string) => void = () => undefined,
  ) {
    this.#token = token;
  }

  /** Keeps the token fresh until the returned function is called. */
  keepFresh(): () => void {
    const look = (): void => {
      const facts = readToken(this.#token);
      if (facts && facts.expiresAt - Date.now() < RENEW_BEFORE_MS) void this.#renew().catch(() => undefined);
    };
    look();
    const timer = setInterval(look, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }

  /** Concurrent renewals are one. */
  #renew(): Promise<void> {
    this.#renewing ??= this.#ask<{ access_token: string }>("POST", "/sessions/token")
      .then(({ access_token }) => {
        this.#token = access_token;
        this.onToken(access_token);
      })
      .finally(() => {
        this.#renewing = null;
      });
    return this.#renewing;
  }

  async #ask<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    const headers: Record<string, string> = { accept: "application/json", authorization: `Bearer ${this.#token}` };
    if (body !== undefined) headers["content-type"] = "application/json";
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    let response: Response;
    let found: unknown;
    try {
      response = await fetch(`/api/platform_user${path}`, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        credentials: "omit",
        cache: "no-store",
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      });
      const text = await response.text();
      found = text === "" ? null : parse(text);
    } catch (error) {
      if (signal?.aborted) throw error;
      throw timeout.aborted ? new Problem(0, "no-answer", "") : asProblem(error);
    }
    if (!response.ok) throw problemFrom(response, found);
    return found as T;
  }

  platform = async (): Promise<Platform> => (await this.#ask<{ platform: Platform }>("GET", "/platform")).platform;

  connectors = async (): Promise<Connector[]> => (await this.#ask<{ connectors: Connector[] }>("GET", "/connectors")).connectors;

  connection = async (id: string): Promise<Connection> =>
    (await this.#ask<{ connection: Connection }>("GET", `/connection/${encodeURIComponent(id)}`)).connection;

  /** Makes a connection, or authorises one again. Days of the CRM begin where the user is. */
  connect = async (slug: string, id: string): Promise<Connection> =>
    (await this.#ask<{ connection: Connection }>("POST", `/connections/${encodeURIComponent(slug)}`, { id, time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone })).connection;

  disconnect = async (id: string): Promise<void> => {
    await this.#ask("DELETE", `/connection/${encodeURIComponent(id)}`);
  };

  /** Hands over what the user typed for a CRM that asks for more than a consent. */
  submitFields = async (prototype: string, state: string | null, fields: Record<string, string>): Promise<Authorization> =>
    (await this.#ask<{ authorization: Authorization }>("PUT", `/authorizations/${encodeURIComponent(prototype)}`, { ...fields, state: state ?? "" })).authorization;

  /** Where a window begins an authorisation: it is let in there once, within a minute. */
  doorTo = async (connector: string, authorization: string): Promise<string> => {
    const { ott } = await this.#ask<{ ott: string }>("POST", "/sessions/ott");
    return `/authorizations/${encodeURIComponent(connector)}/loading?${new URLSearchParams({ token: ott, authorization })}`;
  };

  entities = async (id: string, signal?: AbortSignal): Promise<EntitySummary[]> =>
    (await this.#ask<{ entities: EntitySummary[] }>("GET", `/connection/${encodeURIComponent(id)}/entities`, undefined, signal)).entities;

  entity = async (id: string, name: string, signal?: AbortSignal): Promise<Entity> =>
    (await this.#ask<{ entity: Entity }>("GET", `/connection/${encodeURIComponent(id)}/entities/${encodeURIComponent(name)}`, undefined, signal)).entity;

  link = async (id: string): Promise<LinkDocument> => (await this.#ask<{ link: LinkDocument }>("GET", `/connection/${encodeURIComponent(id)}/link`)).link;

  declare = async (id: string, objects: Objects): Promise<Objects> =>
    (await this.#ask<{ objects: Objects }>("POST", `/connection/${encodeURIComponent(id)}/link/objects`, { objects })).objects;

  saveDraft = async (id: string, draft: { document: DraftDocument; version: Version }): Promise<Version> =>
    (await this.#ask<{ version: Version }>("PUT", `/connection/${encodeURIComponent(id)}/link/draft`, draft)).version;

  finish = async (id: string, documents: LinkDocuments & { version: Version }): Promise<LinkDocument> =>
    (await this.#ask<{ link: LinkDocument }>("PUT", `/connection/${encodeURIComponent(id)}/link`, documents)).link;

  preview = (id: string, ask: { objects: Objects; object: string; mapping: ObjectMapping }, signal?: AbortSignal): Promise<Preview> =>
    this.#ask("POST", `/connection/${encodeURIComponent(id)}/link/preview`, ask, signal);

  search = (
    id: string,
    ask: { objects: Objects; object: string; event: string; mapping: ObjectMapping; payload: Record<string, Json> },
    signal?: AbortSignal,
  ): Promise<SearchResult> => this.#ask("POST", `/connection/${encodeURIComponent(id)}/link/search`, ask, signal);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Whether the session is over: the token has expired, or never was one. */
export const isOver = (error: unknown): boolean => error instanceof Problem && error.status === 401;
/** Whether another window saved since. */
export const isStale = (error: unknown): boolean => error instanceof Problem && error.status === 412;
/** Whether the hub still reads the CRM's schema. */
export const isFetching = (error: unknown): boolean => error instanceof Problem && error.status === 424;
