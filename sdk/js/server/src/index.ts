export { CrmConnection, Turnbuckle } from "./client.ts";
export type { ContextToken, CrmRecord, Payload, SearchPage, TurnbuckleOptions } from "./client.ts";
export { TurnbuckleError } from "./problem.ts";
export { verifyWebhook, WebhookError } from "./webhooks.ts";
export type { VerifyOptions } from "./webhooks.ts";
export type { components, operations, paths } from "./schema.ts";
