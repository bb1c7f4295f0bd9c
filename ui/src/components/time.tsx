import { useSyncExternalStore } from "react";
import { exactTime, relativeTime } from "../lib/time";
import { useStrings, useWords } from "../strings";

const TICK_MS = 10_000;
let now = Date.now();
const readers = new Set<() => void>();
let ticking: ReturnType<typeof setInterval> | undefined;

function subscribe(reader: () => void): () => void {
  readers.add(reader);
  now = Date.now();
  ticking ??= setInterval(() => {
    now = Date.now();
    readers.forEach((read) => read());
  }, TICK_MS);
  return () => {
    readers.delete(reader);
    if (readers.size > 0) return;
    clearInterval(ticking);
    ticking = undefined;
  };
}

/** A time relative to now, with the exact one on hover. */
export function Time({ at, exact = false }: { at: string | null | undefined; exact?: boolean }) {
  const { language } = useWords();
  const t = useStrings();
  const current = useSyncExternalStore(subscribe, () => now);
  if (!at) return <span className="muted">{t.app.none}</span>;
  const date = new Date(at);
  const whole = exactTime(date, language);
  return (
    <time dateTime={at} title={whole}>
      {/* What came since the last tick is not in the future. */}
      {relativeTime(date, new Date(Math.max(current, Math.min(date.getTime(), current + TICK_MS))), language)}
      {exact && <span className="muted"> · {whole}</span>}
    </time>
  );
}
