import type { components } from "./schema";

type ProblemBody = components["schemas"]["Problem"];
export type ProblemError = components["schemas"]["ProblemError"];

/** The one error that a request can end with: what the server said, or that it could not be asked. */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    /** HTTP status, 0 if there was no answer. */
    readonly status: number,
    /** Last part of the problem's `type`, such as `rate-limited`; `no-answer` and `no-problem` are ours. */
    readonly kind: string,
    /** Words of the server; empty if it sent none. */
    readonly title: string,
    readonly detail: string | null = null,
    readonly errors: readonly ProblemError[] = [],
    /** Seconds to wait, from `Retry-After`. */
    readonly retryAfter: number | null = null,
  ) {
    super(title || kind);
  }
}

/** What an answer that is no success says. Never throws: a proxy's HTML page is a problem too. */
export function problemFrom(response: Response, body: unknown): Problem {
  const retryAfter = seconds(response.headers.get("retry-after"));
  if (!isProblem(body)) return new Problem(response.status, "no-problem", "", null, [], retryAfter);
  const kind = body.type.split("/").at(-1) ?? body.type;
  return new Problem(response.status, kind, body.title, body.detail ?? null, body.errors ?? [], retryAfter);
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem(0, "no-answer", "", error instanceof Error && error.name !== "TypeError" ? error.message : null);
}

/** What a problem says of the member at the JSON pointer `path`, or of a part of it. */
export function errorAt(error: unknown, path: string): string | undefined {
  if (!(error instanceof Problem)) return undefined;
  const there = error.errors.filter((wrong) => wrong.path === path || wrong.path.startsWith(`${path}/`));
  return there.map(({ detail }) => detail).join("; ") || undefined;
}

/** Whether asking again may help without anybody doing something first. */
export const mayPass = (problem: Problem): boolean =>
  problem.status === 0 || problem.status === 429 || problem.status >= 500;

function isProblem(body: unknown): body is ProblemBody {
  if (typeof body !== "object" || body === null) return false;
  const { type, title } = body as Record<string, unknown>;
  return typeof type === "string" && typeof title === "string";
}

function seconds(value: string | null): number | null {
  return value !== null && /^\d{1,6}$/.test(value) ? Number(value) : null;
}
