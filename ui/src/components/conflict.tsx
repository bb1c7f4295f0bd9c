import { useState } from "react";
import { asProblem } from "../api/problem";
import { useStrings } from "../strings";
import { Button } from "./button";
import { Icon } from "./icon";
import { ProblemBox } from "./states";

export interface Conflict {
  /** Takes what is there now, and lets go what was written here. */
  take: () => void;
  /** Keeps what was written here: saving it again replaces what is there now. */
  keep: () => void;
}

export interface Read<T> {
  value: T;
  /** The key of the form, which begins anew with what is there now. */
  key: number;
  conflict: Conflict;
  /** Goes on with another value; a form begins anew with it, or stays as it is. */
  put: (value: T, form: "anew" | "as it is") => void;
}

/**
 * What was read first is what is changed: a change by somebody else in the meantime must be noticed, not overwritten.
 * Then `again` reads what is there now, `clear` forgets the refusal, and `merge` says what of it is kept to write on.
 */
export function useRead<T>(now: T, again: () => Promise<{ data: T | undefined }>, clear: () => void, merge: (first: T, fresh: T) => T = (_, fresh) => fresh): Read<T> {
  const [read, setRead] = useState({ value: now, key: 0 });
  const renew = async (key: number, choose: (fresh: T) => T): Promise<void> => {
    const { data } = await again();
    if (data === undefined) return;
    setRead({ value: choose(data), key });
    clear();
  };
  return {
    ...read,
    put: (value, form) => setRead({ value, key: form === "anew" ? read.key + 1 : read.key }),
    conflict: {
      take: () => void renew(read.key + 1, (fresh) => fresh),
      keep: () => void renew(read.key, (fresh) => merge(read.value, fresh)),
    },
  };
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
