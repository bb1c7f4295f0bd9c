// Opens CRM Link: a modal dialog with the hub's own page in a frame, or that page itself in redirect mode.
//
// The dialog is open exactly as long as the promise is pending. What goes wrong inside is told there, to the person
// who can do something about it; the promise is rejected with the reason when they close it.
import { originOf } from "./domain.ts";
import { isEnvelope, packHandover, RESULT_ERROR, RESULT_ID, type FrameMessage, type HostMessage } from "./protocol.ts";
import { readToken } from "./token.ts";
import { LINK_ERROR_CODES, LinkError, type LinkErrorCode, type LinkFailure, type LinkOptions } from "./types.ts";

/** How long the frame may take to say that it is there. */
const READY_MS = 15_000;
/** After so long a frame that has loaded and says nothing is asked about. */
const SILENT_MS = 1_000;
/** How long the frame may take to save what is there when the page asks it to close. */
const CLOSE_MS = 2_500;

const MESSAGES: Record<LinkErrorCode, string> = {
  "no-token": "linkCRM was called without a token",
  "token-invalid": "the token is not one of this hub, or has expired",
  "wrong-origin": "the hub does not let this website show CRM Link: add its origin to the website origins of the workspace",
  "connection-not-found": "the connection belongs to another context",
  "connection-not-crm": "the connection is not one to a CRM",
  "no-connectors": "the workspace has no CRM to connect to",
  "access-denied": "the user did not grant access to the CRM",
  unavailable: "the CRM is temporarily unavailable",
  "authorization-failed": "the CRM could not be authorised",
  "popup-blocked": "the browser blocked the window of the CRM",
  "popup-closed": "the window of the CRM was closed before access was granted",
  disconnected: "the user disconnected the CRM",
  closed: "the user closed CRM Link",
  "invalid-objects": "the `objects` option is not valid",
  "lost-server": "the hub does not answer",
};

const failure = (code: LinkErrorCode): LinkFailure => ({ code, message: MESSAGES[code] });

/**
 * Lets the user connect their CRM and map it; resolves to the id of the connection.
 *
 * @param domain Where the hub is: a host, a host with a port, or an origin.
 * @param token A context token, made by the app's backend with `POST /api/platform/contexts`.
 * @throws {LinkError} Always; its `code` says why.
 */
export async function linkCRM(domain: string, token: string, options: LinkOptions = {}): Promise<string> {
  if (!token) throw new LinkError(failure("no-token"));
  const facts = readToken(token);
  if (!facts) throw new LinkError(failure("token-invalid"));
  const page = new URL(`/link/${facts.workspace}`, originOf(domain));
  if (options.mode === "redirect") return leave(page, token, options);
  // A double click opens one dialog: while one is open the page behind it cannot ask for another.
  current ??= openDialog(page, token, options).finally(() => {
    current = null;
  });
  return current;
}

let current: Promise<string> | null = null;

/** Goes to the hub's page. The promise stays pending: this page is about to end. */
function leave(page: URL, token: string, options: LinkOptions): Promise<string> {
  const returnTo = new URL(options.returnTo ?? location.href, location.href).href;
  page.hash = packHandover({ token, options: { ...options, returnTo } });
  location.assign(page.href);
  return new Promise(() => undefined);
}

/**
 * How redirect mode ended, read from the address that it returned to, whose two members it removes.
 * Null if this page was not returned to.
 *
 * @throws {LinkError} If it ended without a connection.
 */
function result(): string | null {
  const address = new URL(location.href);
  const id = address.searchParams.get(RESULT_ID);
  const error = address.searchParams.get(RESULT_ERROR);
  if (id === null && error === null) return null;
  address.searchParams.delete(RESULT_ID);
  address.searchParams.delete(RESULT_ERROR);
  history.replaceState(history.state, "", address.href);
  if (error === null) return id;
  throw new LinkError(failure(LINK_ERROR_CODES.find((code) => code === error) ?? "authorization-failed"));
}

linkCRM.result = result;

function openDialog(page: URL, token: string, options: LinkOptions): Promise<string> {
  page.searchParams.set("origin", location.origin);
  const { dialog, frame } = draw(page.href, options);
  const before = document.activeElement;
  let nonce: string | null = null;

  return new Promise((resolve, reject) => {
    const end = (settle: () => void): void => {
      window.removeEventListener("message", listen);
      clearTimeout(readyTimer);
      dialog.close();
      dialog.remove();
      if (before instanceof HTMLElement) before.focus();
      settle();
    };
    const fail = (reason: LinkFailure): void => end(() => reject(new LinkError(reason)));
    const say = (message: HostMessage): void => frame.contentWindow?.postMessage(message, page.origin);

    const listen = (event: MessageEvent): void => {
      if (event.origin !== page.origin || event.source !== frame.contentWindow || !isEnvelope(event.data)) return;
      const message = event.data as FrameMessage;
      // The frame makes a nonce each time it loads; only the one that said `ready` last is listened to.
      if (message.type === "ready") {
        clearTimeout(readyTimer);
        nonce = message.nonce;
        say({ turnbuckle: "link", type: "start", nonce, token, options: sendable(options) });
        frame.focus();
      } else if (message.nonce !== nonce) {
        return;
      } else if (message.type === "done") {
        end(() => resolve(message.connectionID));
      } else {
        fail({ ...message.reason, message: message.reason.message || MESSAGES[message.reason.code] });
      }
    };
    window.addEventListener("message", listen);

    // A frame that may not be shown here looks the same as one that does not load. The hub being there tells which.
    const answers = (path: string, isRight: (response: Response) => boolean): Promise<boolean> => fetch(new URL(path, page), { credentials: "omit" }).then(isRight, () => false);
    // Every website may read this one, so that a proxy before a hub that is down is not taken for it.
    const isThere = (): Promise<boolean> => answers("/link.js", ({ ok }) => ok);
    const readyTimer = setTimeout(() => void isThere().then((there) => fail(failure(there ? "wrong-origin" : "lost-server"))), READY_MS);
    frame.addEventListener("load", () =>
      setTimeout(() => {
        if (nonce !== null || !dialog.isConnected) return;
        // What is answered to the websites of workspaces alone, and to this one not: waiting longer changes nothing.
        void answers("/api/platform_user/connectors", () => true).then(async (isKnown) => {
          if (!isKnown && (await isThere()) && nonce === null && dialog.isConnected) fail(failure("wrong-origin"));
        });
      }, SILENT_MS),
    );

    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      if (nonce === null) return fail(failure("closed"));
      say({ turnbuckle: "link", type: "close", nonce });
      setTimeout(() => {
        if (dialog.isConnected) fail(failure("closed"));
      }, CLOSE_MS);
    });
  });
}

/** Without members that cannot be sent to another window, which a page written in plain JavaScript may pass. */
const sendable = (options: LinkOptions): LinkOptions => JSON.parse(JSON.stringify(options)) as LinkOptions;

const LABELS = { en: "Connect your CRM", de: "CRM verbinden" } as const;

function draw(address: string, options: LinkOptions): { dialog: HTMLDialogElement; frame: HTMLIFrameElement } {
  const language = (options.language ?? navigator.language).startsWith("de") ? "de" : "en";
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-label", LABELS[language]);
  dialog.lang = language;
  dialog.className = "turnbuckle-link";
  // Styles are set one by one: a style element would need the app's policy to allow it. A page that is open in a
  // frame below is not scrolled by it, and the width leaves room for the mapping and its preview.
  Object.assign(dialog.style, {
    boxSizing: "border-box",
    width: "min(1120px, 100vw)",
    height: "min(780px, 100dvh)",
    maxWidth: "none",
    maxHeight: "none",
    margin: "auto",
    padding: "0",
    border: "0",
    borderRadius: window.innerWidth > 1120 ? "14px" : "0",
    overflow: "hidden",
    background: "transparent",
    boxShadow: "0 24px 80px rgb(0 0 0 / 35%)",
  });
  const frame = document.createElement("iframe");
  frame.title = LABELS[language];
  frame.src = address;
  frame.allow = "clipboard-write";
  frame.referrerPolicy = "strict-origin-when-cross-origin";
  Object.assign(frame.style, { display: "block", width: "100%", height: "100%", border: "0", colorScheme: "normal" });
  dialog.append(frame);
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, frame };
}
