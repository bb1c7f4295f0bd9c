// The client of an app's backend. `api` reaches every operation of the API with its types; the other members are
// what an app does every day, in one call each.
import createClient, { type Client } from "openapi-fetch";
import { errorFrom } from "./problem.ts";
import type { components, paths } from "./schema.ts";

type Schemas = components["schemas"];
export type CrmRecord = Schemas["CrmRecordView"];
export type Payload = Record<string, unknown>;

export interface TurnbuckleOptions {
  /** Origin of the hub, such as `https://crm.example.com`. */
  url: string;
  publishableKey: string;
  secretKey: string;
  /** Takes the place of the global one, for tests and proxies. */
  fetch?: typeof globalThis.fetch;
}

/** `access_token` is what `linkCRM` is given in the browser. */
export type ContextToken = Schemas["ContextTokenAnswer"];

export interface SearchPage {
  records: CrmRecord[];
  /** Cursor of the next page; null on the last. A page may be short, or empty, with more behind it. */
  next: string | null;
}

type Answer<T> = { data?: T | undefined; error?: unknown; response: Response };

/** The data of an answer. */
async function ask<T>(request: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await request;
  if (!response.ok) throw errorFrom(response, error);
  return data as T;
}

export class Turnbuckle {
  readonly api: Client<paths>;

  constructor({ url, publishableKey, secretKey, fetch = globalThis.fetch }: TurnbuckleOptions) {
    const authorization = `Basic ${btoa(`${publishableKey}:${secretKey}`)}`;
    this.api = createClient<paths>({ baseUrl: url.replace(/\/$/, ""), headers: { authorization }, fetch: (request) => fetch(request) });
  }

  /** A token with which the browser opens CRM Link for one context; the context is made if it is not there. */
  async createContextToken(externalId: string, externalName?: string): Promise<ContextToken> {
    const context = { external_id: externalId, ...(externalName === undefined ? {} : { external_name: externalName }) };
    return ask(this.api.POST("/api/platform/contexts", { body: { context } }));
  }

  /** What an app does on one connection. */
  connection(id: string): CrmConnection {
    return new CrmConnection(this.api, id);
  }
}

export class CrmConnection {
  constructor(
    private readonly api: Client<paths>,
    readonly id: string,
  ) {}

  /** One record in the app's own fields. */
  async getRecord(object: string, record: string): Promise<CrmRecord> {
    const params = { path: { connection: this.id, object, record } };
    return (await ask(this.api.GET("/api/v1/crm/{connection}/objects/{object}/{record}/mapping", { params }))).record;
  }

  /** Records in the order asked, null for those that are not there; up to 1,000. */
  async getRecords(object: string, ids: string[]): Promise<(CrmRecord | null)[]> {
    const params = { path: { connection: this.id, object } };
    return (await ask(this.api.POST("/api/v1/crm/{connection}/objects/{object}/mapping", { params, body: { ids } }))).records;
  }

  /** One page of what a search event finds. */
  async searchPage(object: string, event: string, payload: Payload = {}, next?: string): Promise<SearchPage> {
    const params = { path: { connection: this.id, object, event }, query: next === undefined ? {} : { next } };
    const answer = await ask(this.api.POST("/api/v1/crm/{connection}/objects/{object}/events/{event}", { params, body: { payload } as Schemas["InvokeEvent"] }));
    if (!("records" in answer)) throw new TypeError(`the event \`${event}\` is no search`);
    return { records: answer.records, next: answer.page.next ?? null };
  }

  /** All that a search event finds, page by page. */
  async *search(object: string, event: string, payload: Payload = {}): AsyncGenerator<CrmRecord, void, undefined> {
    let next: string | null | undefined;
    do {
      const page: SearchPage = await this.searchPage(object, event, payload, next ?? undefined);
      yield* page.records;
      next = page.next;
    } while (next !== null);
  }

  /**
   * Invokes an event that creates, updates or deletes. Null if the user lets it do nothing, or the record is gone.
   *
   * @param options.recordId The record to update or delete.
   * @param options.idempotencyKey A repeat with the same key does nothing twice.
   */
  async invoke(object: string, event: string, payload: Payload, options: { recordId?: string; idempotencyKey?: string } = {}): Promise<CrmRecord | null> {
    const header = options.idempotencyKey === undefined ? {} : { "Idempotency-Key": options.idempotencyKey };
    const body = { payload, ...(options.recordId === undefined ? {} : { record_id: options.recordId }) } as Schemas["InvokeEvent"];
    const params = { path: { connection: this.id, object, event }, header };
    const answer = (await ask(this.api.POST("/api/v1/crm/{connection}/objects/{object}/events/{event}", { params, body }))) as Schemas["EventAnswer"] | undefined;
    return answer && "record" in answer ? answer.record : null;
  }

  /** Asks for webhooks about one record. Asking again changes nothing. */
  async subscribe(object: string, record: string): Promise<void> {
    await ask(this.api.POST("/api/v1/crm/{connection}/objects/{object}/{record}/subscriptions", { params: { path: { connection: this.id, object, record } } }));
  }

  async unsubscribe(object: string, record: string): Promise<void> {
    await ask(this.api.DELETE("/api/v1/crm/{connection}/objects/{object}/{record}/subscriptions", { params: { path: { connection: this.id, object, record } } }));
  }

  /** Asks for webhooks about all records that a search event finds with this payload. */
  async subscribeToSearch(object: string, event: string, payload: Payload = {}): Promise<void> {
    const params = { path: { connection: this.id, object, event } };
    await ask(this.api.POST("/api/v1/crm/{connection}/objects/{object}/events/{event}/subscriptions", { params, body: { payload } as Schemas["SubscribeToSearch"] }));
  }

  async unsubscribeFromSearch(object: string, event: string, payload: Payload = {}): Promise<void> {
    const params = { path: { connection: this.id, object, event } };
    await ask(this.api.DELETE("/api/v1/crm/{connection}/objects/{object}/events/{event}/subscriptions", { params, body: { payload } as Schemas["SubscribeToSearch"] }));
  }
}
