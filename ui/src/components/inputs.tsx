import { useId, type InputHTMLAttributes, type TextareaHTMLAttributes } from "react";
import { Field } from "./field";

interface Common {
  label: string;
  hint?: string | undefined;
  error?: string | undefined;
}

interface Typed extends Common {
  value: string;
  onChange: (value: string) => void;
}

type Rest<Attributes> = Omit<Attributes, "value" | "onChange">;

export function TextField({ label, hint, error, onChange, ...rest }: Typed & Rest<InputHTMLAttributes<HTMLInputElement>>) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(props) => <input {...rest} {...props} onChange={(event) => onChange(event.target.value)} />}
    </Field>
  );
}

export function AreaField({ label, hint, error, onChange, ...rest }: Typed & Rest<TextareaHTMLAttributes<HTMLTextAreaElement>>) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(props) => <textarea spellCheck={false} {...rest} {...props} onChange={(event) => onChange(event.target.value)} />}
    </Field>
  );
}

export type Option = readonly [value: string, label: string];

interface SelectProps extends Typed {
  options: readonly Option[];
  disabled?: boolean;
}

/** A value that is none of the options, such as a thing that was deleted, is kept and shown as it is. */
export function SelectField({ label, hint, error, value, options, disabled, onChange }: SelectProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(props) => (
        <select {...props} value={value} disabled={disabled} onChange={(event) => onChange(event.target.value)}>
          {!options.some(([option]) => option === value) && <option value={value}>{value}</option>}
          {options.map(([option, text]) => (
            <option key={option} value={option}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface CheckProps {
  label: string;
  hint?: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

export function CheckField({ label, hint, checked, onChange }: CheckProps) {
  const id = useId();
  return (
    <div className="check-field">
      <label className="check">
        <input type="checkbox" checked={checked} aria-describedby={hint && id} onChange={(event) => onChange(event.target.checked)} />
        {label}
      </label>
      {hint && (
        <p id={id} className="hint">
          {hint}
        </p>
      )}
    </div>
  );
}

interface RadioProps<Value extends string> {
  label: string;
  value: Value;
  options: readonly (readonly [value: Value, label: string, hint?: string])[];
  onChange: (value: Value) => void;
}

/** One of a few, each with a line about it. */
export function RadioField<Value extends string>({ label, value, options, onChange }: RadioProps<Value>) {
  const name = useId();
  return (
    <fieldset className="options">
      <legend>{label}</legend>
      {options.map(([option, text, hint]) => (
        <label key={option} className="check">
          <input type="radio" name={name} checked={option === value} onChange={() => onChange(option)} />
          <span>
            {text} {hint && <span className="muted">· {hint}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

interface ChipsProps extends Omit<Common, "error"> {
  value: readonly string[];
  options: readonly Option[];
  error?: string | undefined;
  onChange: (value: string[]) => void;
}

/** Any number of some; what is chosen and no option any more stays in sight, so that it can be taken away. */
export function ChipsField({ label, hint, error, value, options, onChange }: ChipsProps) {
  const gone = value.filter((chosen) => !options.some(([option]) => option === chosen)).map((chosen): Option => [chosen, chosen]);
  return (
    <fieldset className="options">
      <legend>{label}</legend>
      <div className="chips">
        {[...options, ...gone].map(([option, text]) => (
          <label key={option} className="chip-check">
            <input
              type="checkbox"
              checked={value.includes(option)}
              onChange={(event) => onChange(event.target.checked ? [...value, option] : value.filter((chosen) => chosen !== option))}
            />
            <span>{text}</span>
          </label>
        ))}
      </div>
      {error && <p className="error-text">{error}</p>}
      {hint && <p className="hint">{hint}</p>}
    </fieldset>
  );
}
