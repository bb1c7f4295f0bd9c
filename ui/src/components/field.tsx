import { useEffect, useId, useRef, useState, type InputHTMLAttributes, type ReactNode } from "react";
import { Marked } from "./marked";

interface FieldProps {
  label: string;
  hint?: string | undefined;
  /** What the server says is wrong with it. */
  error?: string | undefined;
  children: (props: { id: string; "aria-describedby"?: string; "aria-invalid"?: true }) => ReactNode;
}

export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId();
  const about = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(" ");
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, ...(about ? { "aria-describedby": about } : {}), ...(error ? { "aria-invalid": true } : {}) })}
      {error && (
        <p id={`${id}-error`} className="error-text">
          <Marked text={error} />
        </p>
      )}
      {hint && (
        <p id={`${id}-hint`} className="hint">
          {hint}
        </p>
      )}
    </div>
  );
}

const SETTLED_MS = 400;

interface SettledProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "value" | "onChange"> {
  value: string;
  onSettled: (value: string) => void;
}

/** An input that tells its value when the typing rests, on Enter, and when it is left. */
export function SettledInput({ value, onSettled, ...rest }: SettledProps) {
  const [draft, setDraft] = useState(value);
  const [given, setGiven] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  // The address may change under the input: the back button, or "clear filters".
  if (value !== given) {
    setGiven(value);
    setDraft(value);
  }
  useEffect(() => () => clearTimeout(timer.current), []);
  const settle = (next: string): void => {
    clearTimeout(timer.current);
    if (next.trim() !== value) onSettled(next.trim());
  };
  return (
    <input
      {...rest}
      value={draft}
      onChange={(event) => {
        const next = event.target.value;
        setDraft(next);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => settle(next), SETTLED_MS);
      }}
      onBlur={() => settle(draft)}
      onKeyDown={(event) => {
        if (event.key === "Enter") settle(draft);
      }}
    />
  );
}
