import type { ReactNode } from "react";
import { asProblem, type Problem } from "../api/problem";
import { useStrings, type Strings } from "../strings";
import { Button } from "./button";
import { Icon } from "./icon";
import { Marked } from "./marked";

/** Title and detail of a problem, in the server's words where it has some. */
export function problemWords(problem: Problem, t: Strings): { title: string; detail: string | null } {
  const wait = problem.retryAfter === null ? null : t.problem.retryAfter(problem.retryAfter);
  const withWait = (detail: string | null): string | null => [detail, wait].filter(Boolean).join(" ") || null;
  if (problem.title) return { title: problem.title, detail: withWait(problem.detail) };
  if (problem.status === 0) return { title: t.problem.noAnswer, detail: problem.detail ?? t.problem.noAnswerDetail };
  return { title: t.problem.noProblem(problem.status), detail: withWait(t.problem.noProblemDetail) };
}

export function ProblemBox({ error, title, onRetry }: { error: unknown; title?: string; onRetry?: () => void }) {
  const t = useStrings();
  const problem = asProblem(error);
  const words = problemWords(problem, t);
  return (
    <div className="notice notice-bad" role="alert">
      <Icon name="alert" />
      <div className="notice-text">
        <strong>{title ?? words.title}</strong>
        {words.detail && (
          <p>
            <Marked text={words.detail} />
          </p>
        )}
        {problem.errors.length > 0 && (
          <ul>
            {problem.errors.map(({ path, detail }) => (
              <li key={path + detail}>
                <code>{path}</code> <Marked text={detail} />
              </li>
            ))}
          </ul>
        )}
      </div>
      {onRetry && <Button onClick={onRetry}>{t.app.retry}</Button>}
    </div>
  );
}

export function Loading({ lines = 5 }: { lines?: number }) {
  const t = useStrings();
  return (
    <div className="loading" role="status">
      <span className="visually-hidden">{t.app.loading}</span>
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} className="loading-line" aria-hidden="true" />
      ))}
    </div>
  );
}

export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="empty">
      <h2>{title}</h2>
      {children}
      {action && <div className="actions">{action}</div>}
    </div>
  );
}

interface Asked<T> {
  data: T | undefined;
  error: unknown;
  refetch: () => unknown;
}

/** Loading and failed, the same everywhere; what is filled or empty is the caller's. */
export function Answered<T>({ query, lines, children }: { query: Asked<T>; lines?: number; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <ProblemBox error={query.error} onRetry={() => void query.refetch()} />;
  return <Loading {...(lines === undefined ? {} : { lines })} />;
}
