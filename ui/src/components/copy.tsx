import { useEffect, useState } from "react";
import { shortId } from "../lib/text";
import { useStrings } from "../strings";
import { Icon } from "./icon";
import { useNotify } from "./notify";

/** Puts a text on the clipboard, also on plain http, where browsers offer only the old way. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.setAttribute("readonly", "");
    area.className = "visually-hidden";
    // Inside an open dialog everything outside it is inert.
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way without a secure context
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

function useCopy(text: string): [copied: boolean, copy: () => Promise<void>] {
  const [copied, setCopied] = useState(false);
  const notify = useNotify();
  const t = useStrings();
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1600);
    return () => clearTimeout(timer);
  }, [copied]);
  return [
    copied,
    async () => {
      const done = await copyText(text);
      setCopied(done);
      notify(done ? t.app.copied : t.app.copyFailed);
    },
  ];
}

/** An id, shortened where it is one of ours; a click copies it whole. */
export function CopyId({ id, whole = false }: { id: string; whole?: boolean }) {
  const [copied, copy] = useCopy(id);
  const t = useStrings();
  return (
    <button type="button" className="copy-id" title={id} aria-label={t.app.copyId(id)} onClick={copy}>
      <code>{whole ? id : shortId(id)}</code>
      <Icon name={copied ? "check" : "copy"} />
    </button>
  );
}

export function CopyButton({ text, label }: { text: string; label?: string }) {
  const [copied, copy] = useCopy(text);
  const t = useStrings();
  return (
    <button type="button" className="button button-quiet button-small" onClick={copy}>
      <Icon name={copied ? "check" : "copy"} />
      {label ?? t.app.copy}
    </button>
  );
}
