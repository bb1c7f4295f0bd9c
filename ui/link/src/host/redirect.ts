// As a page of its own: it was gone to with a fragment, and goes back when it ends. A reload, and the way over the
// CRM's own page, must not lose what the fragment said, so it is kept for this tab until then.
import { returnAddress, unpackHandover } from "../../../../sdk/js/link/src/protocol";
import type { LinkOptions } from "../../../../sdk/js/link/src/types";
import { newUuid, type Host } from "./host";

const KEY = "turnbuckle.link.redirect";

interface Stay {
  token: string;
  options: LinkOptions;
  connectionID: string;
  /** Origin of the page that this one was gone to from. */
  from: string | null;
}

function stored(): Stay | null {
  try {
    const stay = JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Partial<Stay> | null;
    return typeof stay?.token === "string" && typeof stay.connectionID === "string" && typeof stay.options === "object" ? (stay as Stay) : null;
  } catch {
    return null;
  }
}

function store(stay: Stay | null): void {
  try {
    if (stay) sessionStorage.setItem(KEY, JSON.stringify(stay));
    else sessionStorage.removeItem(KEY);
  } catch {
    // Without storage the page works until it is left.
  }
}

const originOf = (address: string): string | null => (URL.canParse(address) ? new URL(address).origin : null);

/** The host of a page that was gone to; null if it was not. */
export function openRedirected(): Host | null {
  const handover = unpackHandover(location.hash);
  if (location.hash !== "") history.replaceState(null, "", location.pathname);
  const stay: Stay | null = handover
    ? { ...handover, connectionID: handover.options.connectionID ?? newUuid(), from: originOf(document.referrer) }
    : stored();
  if (!stay) return null;
  store(stay);

  const returnTo = stay.options.returnTo ?? "";
  const leave = (result: Parameters<typeof returnAddress>[1]): void => {
    store(null);
    location.replace(returnAddress(returnTo, result));
  };
  return {
    kind: "redirect",
    token: stay.token,
    options: stay.options,
    connectionID: stay.connectionID,
    done: (connectionID) => leave({ connectionID }),
    fail: ({ code }) => leave({ code }),
    onClose: () => () => undefined,
    keepToken: (token) => {
      stay.token = token;
      store(stay);
    },
    refusesReturn: (origins) => {
      const origin = /^https?:/i.test(returnTo) ? originOf(returnTo) : null;
      if (origin === null) return true;
      return origins ? !origins.includes(origin) && origin !== location.origin : origin !== stay.from && origin !== location.origin;
    },
  };
}
