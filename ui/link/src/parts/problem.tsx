import { useEffect, useRef, type ReactNode } from "react";
import { asProblem } from "../../../src/api/problem";
import { Button } from "../../../src/components/button";
import { isOver } from "../api/client";
import { useSay, useStrings } from "../strings";
import { Icon } from "./icon";

interface NoticeProps {
  tone: "bad" | "good" | "still" | "wait";
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  /** Told to a screen reader at once. */
  alert?: boolean;
}

export function Notice({ tone, title, children, action, alert = false }: NoticeProps) {
  return (
    <div className={`notice notice-${tone}`} role={alert ? "alert" : undefined}>
      <Icon name={tone === "good" ? "check" : tone === "still" ? "link" : "alert"} />
      <div className="notice-text">
        <strong>{title}</strong>
        {children}
      </div>
      {action}
    </div>
  );
}

/** What went wrong with a call, in the server's words where it has some, and a button that tries it again. */
export function ProblemBox({ error, title, onRetry }: { error: unknown; title?: string; onRetry?: (() => void) | undefined }) {
  const t = useStrings();
  const say = useSay();
  const problem = asProblem(error);
  const words = isOver(error)
    ? { title: t.problem.over, text: say(t.problem.overText) }
    : problem.status === 0
      ? { title: t.problem.lost, text: t.problem.lostText }
      : problem.title === ""
        ? { title: say(t.problem.status, { status: problem.status }), text: say(t.problem.statusText) }
        : { title: problem.title, text: problem.detail ?? "" };
  return (
    <Notice tone="bad" alert title={title ?? words.title} action={onRetry && !isOver(error) && <Button onClick={onRetry}>{t.app.retry}</Button>}>
      {title !== undefined && <p>{words.title}</p>}
      {words.text !== "" && <p>{words.text}</p>}
      {problem.errors.length > 0 && (
        <ul>
          {problem.errors.map(({ path, detail }) => (
            <li key={path + detail}>
              <code>{path}</code> {detail}
            </li>
          ))}
        </ul>
      )}
    </Notice>
  );
}

export function Loading({ label, lines = 4 }: { label?: string; lines?: number }) {
  const t = useStrings();
  return (
    <div className="loading" role="status">
      <span className={label === undefined ? "visually-hidden" : "loading-label"}>{label ?? t.app.loading}</span>
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} className="loading-line" aria-hidden="true" />
      ))}
    </div>
  );
}

/** The heading of a screen. It takes the focus when the screen comes, so that keyboard and screen reader start there. */
export function Heading({ title, children }: { title: string; children?: ReactNode }) {
  const ref = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    ref.current?.focus({ preventScroll: true });
    ref.current?.closest(".scroller")?.scrollTo({ top: 0 });
  }, []);
  return (
    <header className="heading">
      <h1 ref={ref} tabIndex={-1}>
        {title}
      </h1>
      {children}
    </header>
  );
}
