import { useState } from "react";
import type { SourceDocument } from "../../api/client";
import { errorAt } from "../../api/problem";
import type { Conflict } from "../../components/conflict";
import { Form, Part, Rows } from "../../components/form";
import { AreaField, CheckField, ChipsField, RadioField, SelectField, TextField, type Option } from "../../components/inputs";
import { useStrings } from "../../strings";
import { ConnectionField } from "../connections/connection-field";
import { useEntities, useEntity } from "../connections/queries";
import { useAllFunctions } from "../functions/queries";
import { SENDERS, sourceDocument, sourceDraft, type SourceDraft } from "./source-draft";

interface Props {
  source?: SourceDocument;
  submit: string;
  back: string;
  busy: boolean;
  error: unknown;
  conflict?: Conflict;
  onSave: (document: SourceDocument) => void;
}

interface PartProps {
  draft: SourceDraft;
  set: (part: Partial<SourceDraft>) => void;
  error: unknown;
}

export function SourceForm({ source, submit, back, busy, error, conflict, onSave }: Props) {
  const t = useStrings();
  const [draft, setDraft] = useState(() => sourceDraft(source));
  const [broken, setBroken] = useState(false);
  const set = (part: Partial<SourceDraft>): void => setDraft({ ...draft, ...part });
  const save = (): void => {
    setBroken(false);
    try {
      onSave(sourceDocument(draft, source));
    } catch {
      // The scheme is no JSON; its field says so.
      setBroken(true);
    }
  };
  return (
    <Form submit={submit} back={back} busy={busy} error={error} conflict={conflict} onSubmit={save}>
      <Part title={t.sources.parts.basics}>
        <TextField label={t.sources.name} hint={t.sources.nameHint} value={draft.name} maxLength={200} error={errorAt(error, "/name")} onChange={(name) => set({ name })} />
        <ConnectionField
          label={t.sources.connection}
          hint={t.sources.connectionHint}
          none={t.app.choose}
          value={draft.connection}
          error={errorAt(error, "/connection")}
          onChange={(connection) => set({ connection })}
        />
        <RadioField
          label={t.sources.reply}
          value={draft.reply}
          options={[
            ["accepted", t.sources.replies.accepted, t.sources.replyHints.accepted],
            ["processed", t.sources.replies.processed, t.sources.replyHints.processed],
          ]}
          onChange={(reply) => set({ reply })}
        />
      </Part>
      <RecordsPart draft={draft} set={set} error={error} />
      <SenderPart draft={draft} set={set} error={error} broken={broken} />
      <FunctionPart draft={draft} set={set} error={error} />
      <Part title={t.sources.parts.browsers} hint={t.sources.browsersHint}>
        <AreaField
          label={t.sources.origins}
          hint={t.sources.originsHint}
          placeholder="https://www.example.com"
          rows={2}
          value={draft.origins}
          error={errorAt(error, "/origins")}
          onChange={(origins) => set({ origins })}
        />
        <TextField
          label={t.sources.redirect}
          hint={t.sources.redirectHint}
          type="url"
          placeholder="https://www.example.com/thanks"
          value={draft.redirect}
          error={errorAt(error, "/redirect")}
          onChange={(redirect) => set({ redirect })}
        />
      </Part>
    </Form>
  );
}

function RecordsPart({ draft, set, error }: PartProps) {
  const t = useStrings();
  const entities = useEntities(draft.connection);
  const options = (entities.data ?? []).map(({ name, label }): Option => [name, label === name ? name : `${label} · ${name}`]);
  const choice: Option[] = [["", t.app.choose], ...options];
  const replace = <Row,>(rows: readonly Row[], index: number, part: Partial<Row>): Row[] => rows.map((row, at) => (at === index ? { ...row, ...part } : row));
  return (
    <Part title={t.sources.parts.records}>
      <CheckField label={t.sources.createRecords} hint={t.sources.createRecordsHint} checked={draft.createRecords} onChange={(createRecords) => set({ createRecords })} />
      <RadioField
        label={t.sources.entities}
        value={draft.entities === null ? "workspace" : "own"}
        options={[
          ["workspace", t.sources.entitiesOfWorkspace],
          ["own", t.sources.entitiesOwn],
        ]}
        onChange={(value) => set({ entities: value === "own" ? [] : null })}
      />
      {draft.entities !== null && (
        <ChipsField
          label={t.sources.entitiesOwn}
          hint={draft.connection === "" ? t.sources.connectionFirst : undefined}
          value={draft.entities}
          options={options}
          error={errorAt(error, "/entities")}
          onChange={(entities) => set({ entities })}
        />
      )}
      <Rows
        title={t.sources.matchOn}
        hint={t.sources.matchOnHint}
        rows={draft.match}
        add={t.sources.addMatch}
        onAdd={() => set({ match: [...draft.match, { entity: "", columns: "" }] })}
        onRemove={(index) => set({ match: draft.match.filter((_, at) => at !== index) })}
      >
        {(row, index) => (
          <>
            <SelectField label={t.sources.entity} value={row.entity} options={choice} onChange={(entity) => set({ match: replace(draft.match, index, { entity }) })} />
            <TextField
              label={t.sources.columns}
              placeholder="Email"
              value={row.columns}
              error={errorAt(error, `/match_on/${row.entity}`)}
              onChange={(columns) => set({ match: replace(draft.match, index, { columns }) })}
            />
          </>
        )}
      </Rows>
      <Rows
        title={t.sources.defaults}
        hint={t.sources.defaultsHint}
        rows={draft.defaults}
        add={t.sources.addDefault}
        onAdd={() => set({ defaults: [...draft.defaults, { entity: draft.defaults.at(-1)?.entity ?? "", column: "", text: "" }] })}
        onRemove={(index) => set({ defaults: draft.defaults.filter((_, at) => at !== index) })}
      >
        {(row, index) => (
          <>
            <SelectField label={t.sources.entity} value={row.entity} options={choice} onChange={(entity) => set({ defaults: replace(draft.defaults, index, { entity }) })} />
            <ColumnSelect connection={draft.connection} entity={row.entity} value={row.column} onChange={(column) => set({ defaults: replace(draft.defaults, index, { column }) })} />
            <TextField
              label={t.sources.value}
              value={row.text}
              error={errorAt(error, `/defaults/${row.entity}/${row.column}`)}
              onChange={(text) => set({ defaults: replace(draft.defaults, index, { text }) })}
            />
          </>
        )}
      </Rows>
    </Part>
  );
}

function ColumnSelect({ connection, entity, value, onChange }: { connection: string; entity: string; value: string; onChange: (column: string) => void }) {
  const t = useStrings();
  const described = useEntity(connection, entity);
  const columns = entity ? (described.data?.columns ?? []) : [];
  const options = columns.filter(({ createable }) => createable).map(({ name, label }): Option => [name, label === name ? name : `${label} · ${name}`]);
  return <SelectField label={t.sources.column} value={value} options={[["", t.app.choose], ...options]} onChange={onChange} />;
}

function SenderPart({ draft, set, error, broken }: PartProps & { broken: boolean }) {
  const t = useStrings();
  return (
    <Part title={t.sources.parts.sender}>
      <RadioField
        label={t.sources.verify}
        value={draft.verify}
        options={[
          ["none", t.sources.verifies.none, t.sources.verifyHints.none],
          ["sender", t.sources.verifies.sender, t.sources.verifyHints.sender],
          ["scheme", t.sources.verifies.scheme, t.sources.verifyHints.scheme],
        ]}
        onChange={(verify) => set({ verify })}
      />
      {draft.verify === "sender" && (
        <>
          <TextField
            label={t.sources.sender}
            hint={t.sources.senderHint}
            list="senders"
            autoCapitalize="none"
            value={draft.sender}
            error={errorAt(error, "/verify/sender")}
            onChange={(sender) => set({ sender })}
          />
          <datalist id="senders">
            {SENDERS.map((sender) => (
              <option key={sender} value={sender} />
            ))}
          </datalist>
        </>
      )}
      {draft.verify === "scheme" && (
        <AreaField
          label={t.sources.scheme}
          hint={t.sources.schemeHint}
          rows={6}
          value={draft.scheme}
          error={broken ? t.app.notJson : errorAt(error, "/verify/scheme")}
          onChange={(scheme) => set({ scheme })}
        />
      )}
      {draft.verify !== "none" && (
        <>
          <AreaField
            label={t.sources.secrets}
            hint={t.sources.secretsHint}
            rows={2}
            autoComplete="off"
            value={draft.secrets}
            error={errorAt(error, "/verify/secrets")}
            onChange={(secrets) => set({ secrets })}
          />
          <div className="filter-fields">
            <TextField
              label={t.sources.tolerance}
              hint={t.sources.toleranceHint}
              inputMode="numeric"
              value={draft.tolerance}
              error={errorAt(error, "/verify/tolerance_s")}
              onChange={(tolerance) => set({ tolerance })}
            />
            {draft.sender === "meta" && draft.verify === "sender" && (
              <TextField
                label={t.sources.token}
                hint={t.sources.tokenHint}
                autoComplete="off"
                value={draft.token}
                error={errorAt(error, "/verify/token")}
                onChange={(token) => set({ token })}
              />
            )}
          </div>
        </>
      )}
      <RadioField
        label={t.sources.dedupe}
        value={draft.dedupe}
        options={[
          ["none", t.sources.dedupes.none, t.sources.dedupeHints.none],
          ["header", t.sources.dedupes.header],
          ["path", t.sources.dedupes.path],
        ]}
        onChange={(dedupe) => set({ dedupe })}
      />
      {draft.dedupe !== "none" && (
        <TextField
          label={draft.dedupe === "header" ? t.sources.dedupeHeader : t.sources.dedupePath}
          placeholder={draft.dedupe === "header" ? "x-event-id" : "body.event.id"}
          value={draft.dedupeAt}
          error={errorAt(error, "/dedupe")}
          onChange={(dedupeAt) => set({ dedupeAt })}
        />
      )}
      <TextField
        label={t.sources.rate}
        hint={t.sources.rateHint}
        inputMode="numeric"
        value={draft.rate}
        error={errorAt(error, "/rate_limit")}
        onChange={(rate) => set({ rate })}
      />
    </Part>
  );
}

function FunctionPart({ draft, set, error }: PartProps) {
  const t = useStrings();
  const functions = useAllFunctions();
  const options = (functions.data ?? []).map(({ name, published_version }): Option => [name, published_version === null ? `${name} · ${t.sources.notPublished}` : name]);
  return (
    <Part title={t.sources.parts.function} hint={t.sources.functionHint}>
      <SelectField
        label={t.sources.function}
        value={draft.functionName}
        options={[["", t.app.none], ...options]}
        error={errorAt(error, "/function")}
        onChange={(functionName) => set({ functionName })}
      />
      {draft.functionName !== "" && (
        <>
          <RadioField
            label={t.sources.runs}
            value={draft.functionRuns}
            options={[
              ["before", t.sources.runsBefore, t.sources.runsBeforeHint],
              ["instead", t.sources.runsInstead, t.sources.runsInsteadHint],
            ]}
            onChange={(functionRuns) => set({ functionRuns })}
          />
          <CheckField label={t.sources.repeatCutOff} hint={t.sources.repeatCutOffHint} checked={draft.repeatCutOff} onChange={(repeatCutOff) => set({ repeatCutOff })} />
        </>
      )}
    </Part>
  );
}
