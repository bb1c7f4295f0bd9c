import { openInDialog } from "./dialog";
import type { Opened } from "./host";
import { openRedirected } from "./redirect";

/** The CRM sends people back to this page with that member in its address. */
const LANDING = "authorization";

/** Finds out who opened this page. */
export async function open(): Promise<Opened> {
  const search = new URLSearchParams(location.search);
  if (search.has(LANDING)) {
    // In redirect mode this is the page itself coming back. A window of its own has done its work; the page that
    // opened it looks for itself how it ended.
    const host = window.opener === null ? openRedirected() : null;
    if (host) return { host };
    window.close();
    return { landing: true };
  }
  const origin = search.get("origin");
  if (window.parent !== window && origin !== null) {
    const host = await openInDialog(origin);
    return host ? { host } : { alone: true };
  }
  const host = openRedirected();
  return host ? { host } : { alone: true };
}
