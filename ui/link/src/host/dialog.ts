// In the frame of a dialog: what is said to the app's page and heard from it.
import { isEnvelope, type FrameMessage, type HostMessage } from "../../../../sdk/js/link/src/protocol";
import { newUuid, type Host } from "./host";

/** How long the app's page may take to answer. */
const START_MS = 10_000;

type Said = { type: "ready" } | { type: "done"; connectionID: string } | { type: "failed"; reason: (FrameMessage & { type: "failed" })["reason"] };

/** Says `ready` to the page around this one and waits for its `start`; null if it does not come. */
export function openInDialog(origin: string, around: Window = window.parent): Promise<Host | null> {
  const nonce = newUuid();
  const say = (message: Said): void => {
    // An exact origin: a page that has taken the place of the app's gets nothing.
    try {
      around.postMessage({ turnbuckle: "link", nonce, ...message }, origin);
    } catch {
      // The named origin is none; the wait below ends it.
    }
  };
  const closers = new Set<() => void>();

  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), START_MS);
    let isStarted = false;
    window.addEventListener("message", (event: MessageEvent) => {
      if (event.source !== around || event.origin !== origin || !isEnvelope(event.data) || event.data.nonce !== nonce) return;
      const message = event.data as HostMessage;
      if (message.type === "close") {
        for (const close of closers) close();
      } else if (!isStarted) {
        // The nonce is good for one start.
        isStarted = true;
        clearTimeout(timer);
        resolve({
          kind: "dialog",
          token: message.token,
          options: message.options,
          connectionID: message.options.connectionID ?? newUuid(),
          done: (connectionID) => say({ type: "done", connectionID }),
          fail: (reason) => say({ type: "failed", reason }),
          onClose: (listener) => {
            closers.add(listener);
            return () => closers.delete(listener);
          },
          keepToken: () => undefined,
          refusesReturn: () => false,
        });
      }
    });
    say({ type: "ready" });
  });
}
