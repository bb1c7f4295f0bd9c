/** What the browser reads of a context token, without checking it: the server does that. */
export interface TokenFacts {
  workspace: string;
  /** In milliseconds since 1970. */
  expiresAt: number;
}

/** Null for a text that is no token. */
export function readToken(token: string): TokenFacts | null {
  const payload = token.split(".")[1];
  if (payload === undefined) return null;
  try {
    const { workspace, exp } = JSON.parse(atob(payload.replace(/-/g, "+").replace(/_/g, "/"))) as Record<string, unknown>;
    if (typeof workspace !== "string" || !/^[\w-]+$/.test(workspace) || typeof exp !== "number") return null;
    return { workspace, expiresAt: exp * 1000 };
  } catch {
    return null;
  }
}
