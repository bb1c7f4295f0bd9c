import { useState } from "react";
import { asProblem } from "../api/problem";
import { useStrings } from "../strings";
import { Button } from "./button";
import { Icon } from "./icon";
import { useNotify } from "./notify";
import { ProblemBox, problemWords } from "./states";

export interface Conflict {
  /** Takes what is there now, and lets go what was written here. */
  take: () => void;
  /** Keeps what was written here: saving it again replaces what is there now. */
  keep: () => void;
}

/** What is there now. A query that fails says so beside what it read before. */
export type Again<T> = () => Promise<{ data: T | undefined; error: unknown }>;

export interface Read<T> {
  value: T;
  /** The key of the form, which begins anew with what is there now. */
  key: number;
  conflict: Conflict;
  /** Goes on with another value; a form begins anew with it, or stays as it is. */
  put: (value: T, form: "anew" | "as it is") => void;
}

/** The ways on that begin with reading what is there now. */
export function useConflict<T>(again: Again<T>, take: (fresh: T) => void, keep: (fresh: T) => void): Conflict {
  const t = useStrings();
  const notify = useNotify();
  const go = async (on: (fresh: T) => void, said: string): Promise<void> => {
    const { data, error } = await again();
    if (error || data === undefined) {
      notify(problemWords(asProblem(error), t).title);
      return;
    }
    on(data);
    notify(said);
  };
  return { take: () => void go(take, t.conflict.taken), keep: () => void go(keep, t.conflict.kept) };
}

/**
 * What was read first is what is changed: a change by somebody else in the meantime must be noticed, not overwritten.
 * Then `clear` forgets the refusal, and `merge` says what of that change is taken over by whoever keeps their own.
 */
export function useRead<T>(now: T, again: Again<T>, clear: () => void, merge: (first: T, fresh: T) => T = (_, fresh) => fresh): Read<T> {
  const [read, setRead] = useState({ value: now, key: 0 });
  const put: Read<T>["put"] = (value, form) => setRead({ value, key: form === "anew" ? read.key + 1 : read.key });
  const go = (value: T, form: "anew" | "as it is"): void => {
    put(value, form);
    clear();
  };
  const conflict = useConflict<T>(
    again,
    (fresh) => go(fresh, "anew"),
    (fresh) => go(merge(read.value, fresh), "as it is"),
  );
  return { ...read, put, conflict };
}

/** Why something was not saved; where somebody else was first, with a way on. */
export function SaveProblem({ error, conflict }: { error: unknown; conflict?: Conflict | undefined }) {
  const t = useStrings();
  if (!conflict || asProblem(error).status !== 412) return <ProblemBox error={error} />;
  return (
    <div className="notice notice-bad" role="alert">
      <Icon name="alert" />
      <div className="notice-text">
        <strong>{t.conflict.title}</strong>
        <p>{t.conflict.detail}</p>
        <div className="actions">
          <Button onClick={conflict.take}>{t.conflict.take}</Button>
          <Button onClick={conflict.keep}>{t.conflict.keep}</Button>
        </div>
      </div>
    </div>
  );
}
