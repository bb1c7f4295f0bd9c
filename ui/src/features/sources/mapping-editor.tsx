import { useState } from "react";
import type { Column, Source, SourceTrial, Values } from "../../api/client";
import { errorAt } from "../../api/problem";
import { Choice } from "../../components/bits";
import { Button } from "../../components/button";
import { SaveProblem, type Conflict } from "../../components/conflict";
import { SelectField, TextField, type Option } from "../../components/inputs";
import { Marked } from "../../components/marked";
import { useNotify } from "../../components/notify";
import { useUnsaved } from "../../components/unsaved";
import { valueText } from "../../lib/text";
import { useStrings } from "../../strings";
import { useEntities, useEntity } from "../connections/queries";
import { useMayWrite } from "../session/session";
import { mappingDraft, mappingOf, newRow, ORIGINS, sameMapping, type MappingDraft, type MappingRow, type SourceMapping } from "./mapping-draft";
import type { useReplaceSource } from "./queries";
import { settingsOf } from "./source-draft";

interface Props {
  source: Source;
  tag: string | null;
  save: ReturnType<typeof useReplaceSource>;
  conflict: Conflict;
  onSaved: (now: { source: Source; tag: string | null }) => void;
  /** What the mapping makes of the sample; null while there is no sample. */
  trial: SourceTrial | null;
  /** What is wrong with the mapping that was tried. */
  wrong: unknown;
  /** Hears of every change, saved or not. */
  onChange: (mapping: SourceMapping | null) => void;
}

/** Columns and where their values come from, with the value that each has of the sample. */
export function MappingEditor({ source, tag, save, conflict, onSaved, trial, wrong, onChange }: Props) {
  const t = useStrings();
  const saved = (source.mapping ?? null) as SourceMapping | null;
  const [draft, setDraft] = useState(() => mappingDraft(saved));
  const notify = useNotify();
  const mayWrite = useMayWrite();
  const entities = useEntities(source.connection);
  const described = useEntity(source.connection, draft.entity);
  const put = (draft: MappingDraft): void => {
    setDraft(draft);
    onChange(mappingOf(draft));
  };
  const set = (part: Partial<MappingDraft>): void => put({ ...draft, ...part });
  const mapping = mappingOf(draft);
  const changed = !sameMapping(mapping, saved);
  useUnsaved(changed);
  const columns = draft.entity ? (described.data?.columns ?? []).filter(({ createable }) => createable) : [];
  const submit = (): void =>
    save.mutate({ document: { ...settingsOf(source), mapping: mapping as never }, tag }, {
      onSuccess: (saved) => {
        onSaved(saved);
        notify(t.mapping.saved);
      },
    });
  const error = save.error ?? wrong;
  return (
    <fieldset className="mapping" disabled={!mayWrite}>
      <Choice
        label={t.mapping.kind}
        value={draft.isMapped ? "mapped" : "names"}
        options={[
          ["names", t.mapping.byNames],
          ["mapped", t.mapping.byMapping],
        ]}
        onChange={(value) => set({ isMapped: value === "mapped" })}
      />
      {!draft.isMapped && <p className="hint">{t.mapping.byNamesHint}</p>}
      {draft.isMapped && (
        <>
          <div className="filter-fields">
            <SelectField
              label={t.mapping.entity}
              value={draft.entity}
              options={[["", t.app.choose], ...(entities.data ?? []).map(({ name, label }): Option => [name, label === name ? name : `${label} · ${name}`])]}
              error={errorAt(error, "/mapping/entity")}
              onChange={(entity) => set({ entity })}
            />
            <TextField
              label={t.mapping.each}
              hint={t.mapping.eachHint}
              placeholder="body.leads"
              spellCheck={false}
              value={draft.each}
              error={errorAt(error, "/mapping/each")}
              onChange={(each) => set({ each })}
            />
            <TextField
              label={t.mapping.when}
              hint={t.mapping.whenHint}
              placeholder="body.agreed"
              spellCheck={false}
              value={draft.when}
              error={errorAt(error, "/mapping/when")}
              onChange={(when) => set({ when })}
            />
          </div>
          <ol className="mapping-rows" aria-label={t.mapping.columns}>
            {draft.rows.map((row) => (
              <MappingRowItem
                key={row.key}
                row={row}
                columns={columns}
                trial={trial}
                error={errorAt(error, `/mapping/columns/${row.column}`)}
                onChange={(part) => set({ rows: draft.rows.map((other) => (other.key === row.key ? { ...other, ...part } : other)) })}
                onRemove={mayWrite ? () => set({ rows: draft.rows.filter(({ key }) => key !== row.key) }) : undefined}
              />
            ))}
          </ol>
          {mayWrite && (
            <div className="actions">
              <Button className="button-small" onClick={() => set({ rows: [...draft.rows, newRow(draft.rows)] })}>
                {t.mapping.add}
              </Button>
            </div>
          )}
          <p className="hint">{t.mapping.scope}</p>
        </>
      )}
      {save.error && <SaveProblem error={save.error} conflict={conflict} />}
      {mayWrite && changed && (
        <div className="selection" data-on="true">
          <span role="status" className="grow">
            {t.mapping.changed}
          </span>
          <Button look="quiet" onClick={() => put(mappingDraft(saved))}>
            {t.app.discard}
          </Button>
          <Button look="primary" busy={save.isPending} onClick={submit}>
            {t.mapping.save}
          </Button>
        </div>
      )}
    </fieldset>
  );
}

interface RowProps {
  row: MappingRow;
  columns: readonly Column[];
  trial: SourceTrial | null;
  error: string | undefined;
  onChange: (part: Partial<MappingRow>) => void;
  /** Missing where nothing may be changed. */
  onRemove: (() => void) | undefined;
}

const PLACEHOLDERS = { path: "body.form.email", expression: "body.mail.toLowerCase()", static: "" } as const;

function MappingRowItem({ row, columns, trial, error, onChange, onRemove }: RowProps) {
  const t = useStrings();
  const options = columns.map(({ name, label, required }): Option => [name, `${label === name ? name : `${label} · ${name}`}${required ? ` · ${t.mapping.required}` : ""}`]);
  return (
    <li>
      <div className="row-fields">
        <SelectField label={t.mapping.column} value={row.column} options={[["", t.app.choose], ...options]} onChange={(column) => onChange({ column })} />
        <SelectField
          label={t.mapping.from}
          value={row.origin}
          options={ORIGINS.map((origin): Option => [origin, t.mapping.origins[origin]])}
          onChange={(origin) => onChange({ origin: origin as MappingRow["origin"] })}
        />
        <TextField
          label={t.mapping.origins[row.origin]}
          placeholder={PLACEHOLDERS[row.origin]}
          className={row.origin === "static" ? "" : "code-input"}
          spellCheck={false}
          autoCapitalize="none"
          value={row.text}
          onChange={(text) => onChange({ text })}
        />
        {onRemove && (
          <Button look="quiet" aria-label={`${t.app.remove}: ${row.column}`} onClick={onRemove}>
            {t.app.remove}
          </Button>
        )}
      </div>
      {error ? (
        <p className="error-text">
          <Marked text={error} />
        </p>
      ) : (
        row.column !== "" && trial && <ColumnValue trial={trial} column={row.column} />
      )}
    </li>
  );
}

/** The value of a column in each record of the trial, or why it has none. */
function ColumnValue({ trial, column }: { trial: SourceTrial; column: string }) {
  const t = useStrings();
  const values = trial.records.map(({ data }) => valueText((data as Values)[column])).filter((value) => value !== null);
  const warning = trial.warnings.find(({ path }) => path === `/${column}` || /^\/\d+\//.test(path) && path.endsWith(`/${column}`));
  return (
    <p className="mapping-value">
      <span className="muted">{t.mapping.is}</span> {values.length === 0 ? <span className="muted">{t.mapping.nothing}</span> : <code>{values.slice(0, 3).join(" · ")}{values.length > 3 && " …"}</code>}
      {warning && (
        <span className="error-text">
          <Marked text={warning.detail} />
        </span>
      )}
    </p>
  );
}
