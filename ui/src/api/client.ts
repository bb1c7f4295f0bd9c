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
export type EndpointStatus = Endpoint["status"];
export type Delivery = Schemas["DeliveryView"];
export type DeliveryDetail = Schemas["DeliveryDetailView"];
export type DeliveryStatus = Delivery["status"];
export type Attempt = Schemas["AttemptView"];
export type Recovery = Schemas["RecoveryView"];
export type RecoverRequest = Schemas["RecoverEndpoint"];
export type Warning = Schemas["WarningView"];

/** A form or an image of another site cannot send this header, so it proves that the console itself asks. */
export const CONSOLE_HEADER = { "x-turnbuckle-console": "1" } as const;

export const api = createClient<paths>({ baseUrl: "/", headers: CONSOLE_HEADER, credentials: "same-origin" });

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** The data of an answer; throws a `Problem` otherwise. */
export async function ask<T>(request: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await request;
  } catch (error) {
    throw error instanceof Error && error.name === "AbortError" ? error : asProblem(error);
  }
  if (!answer.response.ok) throw problemFrom(answer.response, answer.error);
  return answer.data as T;
}

/** A key for `Idempotency-Key`, so that a repeat of the same request does its work once. */
export function idempotencyKey(): string {
  // `crypto.randomUUID` is missing on plain http.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
