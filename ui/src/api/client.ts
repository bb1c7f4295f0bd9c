import createClient from "openapi-fetch";
import { asProblem, problemFrom } from "./problem";
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
export type InboundEvent = Schemas["InboundEventView"];
export type InboundEventDetail = Schemas["InboundEventDetailView"];
export type EventStatus = Schemas["EventStatus"];
export type EventDifference = Schemas["EventDifferenceView"];
export type RecordDifference = Schemas["RecordDifferenceView"];
export type Replay = Schemas["ReplayView"];
export type ReplayRequest = Schemas["ReplayInboundEvents"];
export type Source = Schemas["SourceView"];
export type Endpoint = Schemas["EndpointView"];
export type EndpointDocument = Schemas["EndpointDocument"];
export type EndpointStatus = Endpoint["status"];
export type Delivery = Schemas["DeliveryView"];
export type DeliveryDetail = Schemas["DeliveryDetailView"];
export type DeliveryStatus = Delivery["status"];
export type Attempt = Schemas["AttemptView"];
export type Recovery = Schemas["RecoveryView"];
export type RecoverRequest = Schemas["RecoverEndpoint"];
export type Warning = Schemas["WarningView"];
export type SourceDocument = Schemas["SourceDocument"];
export type SourceKey = Schemas["SourceKeyView"];
export type SourceTrial = Schemas["TrialView"];
export type Connection = Schemas["ConnectionView"];
export type ConnectionDocument = Schemas["PutConnection"];
export type Entity = Schemas["EntityView"];
export type EntityDetail = Schemas["EntityDetailView"];
export type Column = Schemas["ColumnView"];
export type CrmRecord = Schemas["RecordView"];
export type SearchRequest = Schemas["SearchRecords"];
export type Change = Schemas["ChangeView"];
export type HubFunction = Schemas["FunctionView"];
export type FunctionDocument = Schemas["PutFunctionDocument"];
export type FunctionVersion = Schemas["VersionView"];
export type FunctionTrial = Schemas["TrialAnswer"];
export type TryRequest = Schemas["TryFunction"];
export type Call = Schemas["CallView"];
export type CallDetail = Schemas["CallDetailView"];
export type CallError = Schemas["CallError"];
export type HostCall = Schemas["HostCall"];
export type Subscription = Schemas["SubscriptionView"];
export type Key = Schemas["KeyView"];
export type KeyRequest = Schemas["CreateKey"];
export type Bin = Schemas["BinView"];
export type BinRequest = Schemas["BinRequestView"];
export type User = Schemas["UserView"];
export type UserRole = Schemas["UserRole"];
export type Page = Schemas["PageView"];
/** Members by name, where the API admits any. */
export type Values = Record<string, unknown>;

/** A form or an image of another site cannot send this header, so it proves that the console itself asks. */
export const CONSOLE_HEADER = { "x-turnbuckle-console": "1" } as const;

export const api = createClient<paths>({ baseUrl: "/", headers: CONSOLE_HEADER, credentials: "same-origin" });

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** The data of an answer; throws a `Problem` otherwise. */
export const ask = async <T>(request: Promise<Answer<T>>): Promise<T> => (await askTagged(request)).data;

/** What was read, and the `ETag` that guards it against lost updates when it is written back. */
export interface Tagged<T> {
  data: T;
  tag: string | null;
}

export async function askTagged<T>(request: Promise<Answer<T>>): Promise<Tagged<T>> {
  let answer: Answer<T>;
  try {
    answer = await request;
  } catch (error) {
    throw error instanceof Error && error.name === "AbortError" ? error : asProblem(error);
  }
  if (!answer.response.ok) throw problemFrom(answer.response, answer.error);
  return { data: answer.data as T, tag: answer.response.headers.get("etag") };
}

/** The header that refuses to overwrite what somebody else has changed since. */
export const ifMatch = (tag: string | null): { "If-Match"?: string } => (tag === null ? {} : { "If-Match": tag });

/** A key for `Idempotency-Key`, so that a repeat of the same request does its work once. */
export function idempotencyKey(): string {
  // `crypto.randomUUID` is missing on plain http.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
