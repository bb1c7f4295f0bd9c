import { useState, type ReactNode, type SubmitEvent } from "react";
import { useStrings } from "../strings";
import { Button, LinkButton } from "./button";
import { SaveProblem, type Conflict } from "./conflict";
import { useUnsaved } from "./unsaved";

interface FormProps {
  submit: string;
  busy: boolean;
  error: unknown;
  onSubmit: () => void;
  /** Where "cancel" leads. */
  back: string;
  /** The ways on where somebody else was first. */
  conflict?: Conflict | undefined;
  children: ReactNode;
}

/** A page's form. The policy of the page forbids native submits; `submit` is all there is. */
export function Form({ submit, busy, error, onSubmit, back, conflict, children }: FormProps) {
  const t = useStrings();
  const [touched, setTouched] = useState(false);
  useUnsaved(touched);
  return (
    <form
      className="form form-wide"
      noValidate
      onInput={() => setTouched(true)}
      onSubmit={(event: SubmitEvent) => {
        event.preventDefault();
        if (!busy) onSubmit();
      }}
    >
      {children}
      {error !== null && <SaveProblem error={error} conflict={conflict} />}
      <div className="form-foot">
        <Button type="submit" look="primary" busy={busy}>
          {submit}
        </Button>
        <LinkButton to={back}>{t.app.cancel}</LinkButton>
      </div>
    </form>
  );
}

/** A part of a long form. */
export function Part({ title, hint, children }: { title: string; hint?: string; children: ReactNode }) {
  return (
    <section className="part">
      <h2>{title}</h2>
      {hint && <p className="hint">{hint}</p>}
      {children}
    </section>
  );
}

interface RowsProps<Row> {
  title: string;
  hint?: string;
  rows: readonly Row[];
  add: string;
  onAdd: () => void;
  onRemove: (index: number) => void;
  children: (row: Row, index: number) => ReactNode;
}

/** A list of small groups of fields that grows and shrinks. */
export function Rows<Row>({ title, hint, rows, add, onAdd, onRemove, children }: RowsProps<Row>) {
  const t = useStrings();
  return (
    <div className="rows" role="group" aria-label={title}>
      <h3>{title}</h3>
      {hint && <p className="hint">{hint}</p>}
      {rows.map((row, index) => (
        // Rows have no ids; what is typed in them is in their owner's state.
        <div key={index} className="row-fields">
          {children(row, index)}
          <Button look="quiet" onClick={() => onRemove(index)}>
            {t.app.remove}
          </Button>
        </div>
      ))}
      <Button className="button-small" onClick={onAdd}>
        {add}
      </Button>
    </div>
  );
}
