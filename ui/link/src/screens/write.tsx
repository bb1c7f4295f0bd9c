// Which columns an event writes, and what to.
import { useId } from "react";
import { Button } from "../../../src/components/button";
import type { Column, Entity, EventDeclaration, WriteSource } from "../api/shapes";
import { missingColumns } from "../lib/completeness";
import { newId, type EventDraft, type PayloadTarget, type WriteRow } from "../lib/draft";
import { kindOfColumn } from "../lib/values";
import { ColumnPicker } from "../parts/column-picker";
import { Icon } from "../parts/icon";
import { Notice } from "../parts/problem";
import { ExpressionInput, ValueInput } from "../parts/values";
import { say, useSay, useStrings } from "../strings";

interface WriteEditorProps {
  declared: EventDeclaration;
  entity: Entity;
  action: "create" | "update";
  draft: EventDraft;
  onChange: (change: (draft: EventDraft) => EventDraft) => void;
}

export function WriteEditor({ declared, entity, action, draft, onChange }: WriteEditorProps) {
  const t = useStrings();
  const sayNames = useSay();
  const payload = Object.entries(declared.payloadSchema ?? {});
  const missing = missingColumns(draft, entity.columns);
  /** What is written by others than the one that asks: a column is written once. */
  const takenBut = (own: string): string[] => [
    ...Object.values(draft.payload).flatMap((target) => (target !== "ignored" && target.column !== own ? [target.column] : [])),
    ...draft.rows.flatMap(({ column }) => (column !== "" && column !== own ? [column] : [])),
  ];
  const aim = (field: string, target: PayloadTarget): void => onChange((before) => ({ ...before, payload: { ...before.payload, [field]: target } }));
  const addRow = (column: string): void => onChange((before) => ({ ...before, rows: [...before.rows, { id: newId(), column, source: { static: null } }] }));

  return (
    <div className="write">
      {payload.length > 0 && (
        <section aria-labelledby="write-payload">
          <h2 id="write-payload" className="rows-title">
            {sayNames(t.write.payload)}
          </h2>
          <p className="hint">{t.write.payloadText}</p>
          <div className="field-list">
            {payload.map(([field, declaration]) => {
              const target = draft.payload[field];
              const label = declaration.label ?? field;
              const path = target && target !== "ignored" ? target.column : "";
              const type = declaration.format === "datetime" ? t.fields.types.datetime : t.fields.types[declaration.type];
              return (
                <section key={field} className="map-row" aria-label={label} data-done={target !== undefined}>
                  <div className="map-words">
                    <h3 className="map-name">
                      <span className="map-mark">{target !== undefined && <Icon name="check" />}</span>
                      {label} <span className="map-type">{type}</span>
                      <span className="visually-hidden"> ({target === undefined ? t.app.open : t.app.done})</span>
                    </h3>
                    {declaration.description && <p className="hint">{declaration.description}</p>}
                  </div>
                  <div className="map-control">
                    <ColumnPicker
                      label={say(t.write.column, { field: label })}
                      isLabelHidden
                      entity={entity}
                      use={{ for: action, payload: declaration, taken: takenBut(path) }}
                      path={path}
                      names={[label, field]}
                      placeholder={target === "ignored" ? t.write.ignored : t.write.choose}
                      others={() => [{ id: "ignored", label: t.write.ignore, isChosen: target === "ignored" }]}
                      onOther={() => aim(field, "ignored")}
                      onChoose={({ path: column }) => aim(field, { column })}
                    />
                    {target === "ignored" && <p className="hint">{t.write.ignored}</p>}
                  </div>
                </section>
              );
            })}
          </div>
        </section>
      )}
      <section aria-labelledby="write-rows">
        <h2 id="write-rows" className="rows-title">
          {t.write.rows}
        </h2>
        <p className="hint">{t.write.rowsText}</p>
        {missing.length > 0 && (
          <Notice tone="wait" title={say(t.write.missing, { entity: entity.label })}>
            <p>{sayNames(t.write.missingText)}</p>
            <div className="actions">
              {missing
                .filter((column) => !draft.rows.some((row) => row.column === column.name))
                .map((column) => (
                  <Button key={column.name} className="button-small" onClick={() => addRow(column.name)}>
                    <Icon name="plus" />
                    {say(t.write.give, { column: column.label })}
                  </Button>
                ))}
              {missing
                .filter((column) => draft.rows.some((row) => row.column === column.name))
                .map((column) => (
                  <span key={column.name}>{column.label}</span>
                ))}
            </div>
          </Notice>
        )}
        {draft.rows.map((row) => (
          <Row
            key={row.id}
            row={row}
            declared={declared}
            entity={entity}
            action={action}
            taken={takenBut(row.column)}
            onChange={(next) => onChange((before) => ({ ...before, rows: before.rows.map((it) => (it.id === row.id ? next : it)) }))}
            onRemove={() => onChange((before) => ({ ...before, rows: before.rows.filter((it) => it.id !== row.id) }))}
          />
        ))}
        <Button look="quiet" onClick={() => addRow("")}>
          <Icon name="plus" />
          {t.write.addRow}
        </Button>
      </section>
    </div>
  );
}

type Kind = "static" | "payload" | "expression";

const kindOf = (source: WriteSource): Kind => ("payload" in source ? "payload" : "expression" in source ? "expression" : "static");

interface RowProps {
  row: WriteRow;
  declared: EventDeclaration;
  entity: Entity;
  action: "create" | "update";
  taken: readonly string[];
  onChange: (row: WriteRow) => void;
  onRemove: () => void;
}

function Row({ row, declared, entity, action, taken, onChange, onRemove }: RowProps) {
  const t = useStrings();
  const sayNames = useSay();
  const id = useId();
  const column: Column | undefined = entity.columns.find(({ name }) => name === row.column);
  const kind = kindOf(row.source);
  const schema = Object.entries(declared.payloadSchema ?? {});
  const fitting = schema.filter(([, { type, format }]) => !column || column.filled_by.some((filled) => filled.type === type && (type !== "string" || (filled.format ?? null) === (format ?? null))));
  const kinds: Kind[] = ["static", ...(schema.length > 0 ? (["payload"] as const) : []), "expression"];
  const choose = (next: Kind): void => {
    const fresh: Record<Kind, WriteSource> = { static: { static: null }, payload: { payload: fitting[0]?.[0] ?? "" }, expression: { expression: "" } };
    onChange({ ...row, source: fresh[next] });
  };
  return (
    <div className="write-row" role="group" aria-label={column?.label ?? t.write.rowColumn}>
      <ColumnPicker
        label={t.write.rowColumn}
        entity={entity}
        use={{ for: action, payload: null, taken }}
        path={row.column}
        placeholder={t.write.choose}
        onChoose={({ path }) => onChange({ ...row, column: path, source: kind === "static" ? { static: null } : row.source })}
      />
      <div className="field">
        <label htmlFor={id}>{t.write.rowKind}</label>
        <select id={id} value={kind} onChange={(event) => choose(event.target.value as Kind)}>
          {kinds.map((it) => (
            <option key={it} value={it}>
              {sayNames(t.write.kinds[it])}
            </option>
          ))}
        </select>
      </div>
      {"static" in row.source && (
        <ValueInput
          key={row.column}
          label={t.write.rowValue}
          kind={kindOfColumn(column?.type ?? "text")}
          options={column?.options}
          value={row.source.static}
          onChange={(value) => onChange({ ...row, source: { static: value } })}
        />
      )}
      {"payload" in row.source && (
        <div className="field">
          <label htmlFor={`${id}-payload`}>{t.write.rowValue}</label>
          <select id={`${id}-payload`} value={row.source.payload} onChange={(event) => onChange({ ...row, source: { payload: event.target.value } })}>
            {row.source.payload === "" && <option value="" />}
            {fitting.map(([slug, declaration]) => (
              <option key={slug} value={slug}>
                {declaration.label ?? slug}
              </option>
            ))}
          </select>
        </div>
      )}
      {"expression" in row.source && (
        <ExpressionInput
          label={t.write.rowValue}
          hint={sayNames(t.write.expressionHint)}
          example={`payload.${schema[0]?.[0] ?? "name"}`}
          value={row.source.expression}
          onChange={(expression) => onChange({ ...row, source: { expression } })}
        />
      )}
      <Button look="quiet" className="button-icon" aria-label={t.write.removeRow} title={t.write.removeRow} onClick={onRemove}>
        <Icon name="close" />
      </Button>
    </div>
  );
}
