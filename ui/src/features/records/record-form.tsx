import { useId, useState } from "react";
import type { Column, EntityDetail, Values } from "../../api/client";
import { errorAt } from "../../api/problem";
import { Field } from "../../components/field";
import type { Conflict } from "../../components/conflict";
import { Form, Part } from "../../components/form";
import { AreaField, ChipsField, SelectField, TextField, type Option } from "../../components/inputs";
import { useRested } from "../../lib/rested";
import { useStrings } from "../../strings";
import { columnText, columnValue } from "./column-text";
import { useCandidates, useLookupNames } from "./queries";

interface Props {
  connection: string;
  entity: EntityDetail;
  /** What the record holds now; null for a new one. */
  data: Values | null;
  submit: string;
  back: string;
  busy: boolean;
  error: unknown;
  conflict?: Conflict;
  /** Is given the columns that were changed, and no others. */
  onSave: (data: Values) => void;
}

/** Every column that may be written, each with a field of its type. */
export function RecordForm({ connection, entity, data, submit, back, busy, error, conflict, onSave }: Props) {
  const t = useStrings();
  const columns = entity.columns.filter((column) => (data ? column.updateable : column.createable));
  const before = (column: Column): string => columnText(data?.[column.name], column);
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>({});
  const [broken, setBroken] = useState<string | null>(null);
  const names = useLookupNames(connection, columns.flatMap(({ name, lookup }) => (lookup && typeof data?.[name] === "string" ? [[lookup, data[name]] as const] : [])));
  const save = (): void => {
    const changed: Values = {};
    setBroken(null);
    for (const column of columns) {
      const text = texts[column.name];
      if (text === undefined || text === before(column)) continue;
      try {
        changed[column.name] = columnValue(text, column);
      } catch {
        setBroken(column.name);
        return;
      }
    }
    onSave(changed);
  };
  // What has to be filled comes first.
  const ordered = [...columns.filter(({ required }) => required), ...columns.filter(({ required }) => !required)];
  return (
    <Form submit={submit} back={back} busy={busy} error={error} conflict={conflict} onSubmit={save}>
      <Part title={entity.label}>
        <div className="record-fields">
          {ordered.map((column) => (
            <ColumnField
              key={column.name}
              connection={connection}
              column={column}
              text={texts[column.name] ?? before(column)}
              name={typeof data?.[column.name] === "string" ? names.data?.get(data[column.name] as string) : undefined}
              error={broken === column.name ? t.app.notJson : errorAt(error, `/data/${column.name}`)}
              onChange={(text) => setTexts({ ...texts, [column.name]: text })}
            />
          ))}
        </div>
      </Part>
    </Form>
  );
}

interface ColumnProps {
  connection: string;
  column: Column;
  text: string;
  /** What the record that a lookup points to is called. */
  name: string | undefined;
  error: string | undefined;
  onChange: (text: string) => void;
}

function ColumnField({ connection, column, text, name, error, onChange }: ColumnProps) {
  const t = useStrings();
  const common = { label: column.label + (column.required ? ` (${t.mapping.required})` : ""), value: text, error, onChange };
  const options = (column.options ?? []).map(({ value, label }): Option => [value, label]);
  const none: Option = ["", t.app.empty];
  switch (column.type) {
    case "boolean":
      return <SelectField {...common} options={[none, ["true", t.endpoints.yes], ["false", t.endpoints.no]]} />;
    case "date":
      return <TextField {...common} type="date" />;
    case "datetime":
      return <TextField {...common} type="datetime-local" />;
    case "integer":
      return <TextField {...common} inputMode="numeric" />;
    case "decimal":
      return <TextField {...common} inputMode="decimal" />;
    case "option":
      return column.options ? <SelectField {...common} options={[none, ...options]} /> : <TextField {...common} />;
    case "multi_option":
      return column.options ? (
        <ChipsField {...common} value={text.split("\n").filter((value) => value !== "")} options={options} onChange={(values) => onChange(values.join("\n"))} />
      ) : (
        <AreaField {...common} hint={t.records.onePerLine} rows={3} />
      );
    case "long_text":
      return <AreaField {...common} rows={3} className="prose" spellCheck />;
    case "object":
    case "list":
      return <AreaField {...common} hint={t.records.json} rows={4} />;
    case "lookup":
      return <LookupField connection={connection} entity={column.lookup ?? ""} label={common.label} id={text} name={name} error={error} onChange={onChange} />;
    default:
      return <TextField {...common} />;
  }
}

interface LookupProps {
  connection: string;
  entity: string;
  label: string;
  id: string;
  name: string | undefined;
  error: string | undefined;
  onChange: (text: string) => void;
}

/** Offers names while one types. A name that is offered stands for its id; any other text is the server's to resolve. */
function LookupField({ connection, entity, label, id, name, error, onChange }: LookupProps) {
  const t = useStrings();
  const list = useId();
  const [typed, setTyped] = useState<string | null>(null);
  const candidates = useCandidates(connection, entity, useRested(typed ?? ""));
  const shown = typed ?? name ?? id;
  return (
    <Field label={label} hint={t.records.lookupHint(entity)} error={error}>
      {(props) => (
        <>
          <input
            {...props}
            list={list}
            autoComplete="off"
            value={shown}
            onChange={(event) => {
              const text = event.target.value;
              setTyped(text);
              onChange(candidates.data?.find((candidate) => candidate.name === text)?.id ?? text);
            }}
          />
          <datalist id={list}>
            {candidates.data?.map((candidate) => (
              <option key={candidate.id} value={candidate.name} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}
