/** What every call throws when the hub does not answer as hoped. */
export class TurnbuckleError extends Error {
  override readonly name = "TurnbuckleError";

  constructor(
    /** HTTP status. */
    readonly status: number,
    /** Last part of the problem's `type`, such as `mapping-incomplete`; empty if the answer was no problem. */
    readonly code: string,
    message: string,
    /** What is wrong in the request, by JSON pointers. */
    readonly errors: readonly { path: string; detail: string }[] = [],
    /** Seconds to wait before trying again, if the hub said so. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

export function errorFrom(response: Response, body: unknown): TurnbuckleError {
  const { type, title, detail, errors } = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const code = typeof type === "string" ? (type.split("/").at(-1) ?? "") : "";
  const words = [title, detail].filter((text) => typeof text === "string").join(": ");
  const wait = Number(response.headers.get("retry-after") ?? Number.NaN);
  return new TurnbuckleError(
    response.status,
    code,
    words === "" ? `the hub answered ${response.status}` : words,
    Array.isArray(errors) ? (errors as { path: string; detail: string }[]) : [],
    Number.isFinite(wait) ? wait : null,
  );
}
