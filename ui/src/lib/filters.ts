/** How a list's filters stand in the address: plain query parameters with the names of the API. */
export type Filters<Name extends string> = Partial<Record<Name, string>>;

/** Reads the named filters; empty ones and all others are left out. `allowed` refuses values that are none. */
export function filtersFrom<Name extends string>(
  query: string,
  names: readonly Name[],
  allowed: Partial<Record<Name, readonly string[]>> = {},
): Filters<Name> {
  const params = new URLSearchParams(query);
  const filters: Filters<Name> = {};
  for (const name of names) {
    const value = params.get(name)?.trim();
    const values = allowed[name];
    if (value && (!values || values.includes(value))) filters[name] = value;
  }
  return filters;
}

/** The query of an address, with its `?` where there is one; in a stable order, so equal filters are one address. */
export function queryOf(filters: Readonly<Record<string, string | undefined>>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(filters).sort(([a], [b]) => a.localeCompare(b)))
    if (value) params.set(name, value);
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}

/** A replay of "all that match" knows these filters only; it needs at least one, and none of the others. */
const REPLAY_FILTERS = ["source", "status", "since", "until"];
export function replayable(filters: Readonly<Record<string, string | undefined>>): boolean {
  const names = Object.entries(filters).flatMap(([name, value]) => (value && name !== "cursor" ? [name] : []));
  return names.length > 0 && names.every((name) => REPLAY_FILTERS.includes(name));
}

/** Where to go after signing in: a path of this page, never of another host, and not back to the sign-in. */
export function safePath(to: string | null, origin: string): string {
  if (!to?.startsWith("/")) return "/";
  let url: URL;
  try {
    url = new URL(to, origin);
  } catch {
    return "/";
  }
  if (url.origin !== origin || url.pathname === "/sign-in") return "/";
  return url.pathname + url.search + url.hash;
}
