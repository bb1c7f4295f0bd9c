import { useId, useState, type ReactNode } from "react";
import type { Column, Json } from "../api/shapes";
import { kindOfColumn, textFrom, valueFrom, type ValueKind } from "../lib/values";
import { useStrings } from "../strings";

interface ValueInputProps {
  label: string;
  isLabelHidden?: boolean;
  kind: ValueKind;
  value: Json | undefined;
  options?: { value: string; label: string }[] | null | undefined;
  onChange: (value: Json) => void;
  suffix?: ReactNode;
}

/** One value of a kind, with the input that fits it. */
export function ValueInput({ label, isLabelHidden = false, kind, value, options, onChange, suffix }: ValueInputProps) {
  const t = useStrings();
  const id = useId();
  // What is typed is kept as it was typed: `1.` on the way to `1.5` is no other number.
  const [typed, setTyped] = useState(() => textFrom(value, kind));
  const [given, setGiven] = useState(value);
  if (given !== value) {
    setGiven(value);
    if (JSON.stringify(valueFrom(typed, kind)) !== JSON.stringify(value ?? null)) setTyped(textFrom(value, kind));
  }
  const change = (text: string): void => {
    setTyped(text);
    const next = valueFrom(text, kind);
    setGiven(next);
    onChange(next);
  };
  const choices = options ?? (kind === "boolean" ? [{ value: "true", label: t.fields.yes }, { value: "false", label: t.fields.no }] : null);
  const types: Partial<Record<ValueKind, string>> = { date: "date", datetime: "datetime-local" };
  return (
    <div className="field">
      <label htmlFor={id} className={isLabelHidden ? "visually-hidden" : undefined}>
        {label}
      </label>
      <div className="value-input">
        {choices ? (
          <select id={id} value={typed} onChange={(event) => change(event.target.value)}>
            <option value="" />
            {choices.map((choice) => (
              <option key={choice.value} value={choice.value}>
                {choice.label}
              </option>
            ))}
            {typed !== "" && !choices.some((choice) => choice.value === typed) && <option value={typed}>{typed}</option>}
          </select>
        ) : kind === "long_text" ? (
          <textarea id={id} rows={2} value={typed} onChange={(event) => change(event.target.value)} />
        ) : (
          <input
            id={id}
            type={types[kind] ?? "text"}
            inputMode={kind === "integer" ? "numeric" : kind === "decimal" ? "decimal" : undefined}
            autoComplete="off"
            value={typed}
            onChange={(event) => change(event.target.value)}
          />
        )}
        {suffix}
      </div>
    </div>
  );
}

/** Several values: boxes to check where the column has options, else one on each line. */
export function ValuesInput({ label, column, values, onChange }: { label: string; column: Column; values: readonly Json[]; onChange: (values: Json[]) => void }) {
  const id = useId();
  const kind = kindOfColumn(column.type);
  const [typed, setTyped] = useState(() => values.map((value) => textFrom(value, "text")).join("\n"));
  if (column.options) {
    return (
      <fieldset className="options">
        <legend>{label}</legend>
        {column.options.map((option) => (
          <label key={option.value} className="check">
            <input
              type="checkbox"
              checked={values.includes(option.value)}
              onChange={(event) => onChange(event.target.checked ? [...values.filter((value) => value !== null), option.value] : values.filter((value) => value !== option.value))}
            />
            {option.label}
          </label>
        ))}
      </fieldset>
    );
  }
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <textarea
        id={id}
        rows={3}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          const lines = event.target.value.split("\n").filter((line) => line.trim() !== "");
          onChange(lines.map((line) => valueFrom(line.trim(), kind)));
        }}
      />
    </div>
  );
}

/** An expression, for those who write JavaScript. */
export function ExpressionInput({ label, hint, example, value, error, onChange }: { label: string; hint: string; example: string; value: string; error?: string | undefined; onChange: (value: string) => void }) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id} className="visually-hidden">
        {label}
      </label>
      <textarea id={id} className="code" rows={2} spellCheck={false} autoCapitalize="none" aria-describedby={`${id}-hint`} aria-invalid={error !== undefined || undefined} value={value} onChange={(event) => onChange(event.target.value)} />
      <p id={`${id}-hint`} className="hint">
        {error !== undefined && <span className="error-text">{error} </span>}
        {hint} <code>{example}</code>
      </p>
    </div>
  );
}
