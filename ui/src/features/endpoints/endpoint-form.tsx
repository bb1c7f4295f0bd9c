import { useState } from "react";
import { errorAt } from "../../api/problem";
import type { Conflict } from "../../components/conflict";
import { Form, Part, Rows } from "../../components/form";
import { CheckField, ChipsField, RadioField, TextField, type Option } from "../../components/inputs";
import { useStrings } from "../../strings";
import { ConnectionField } from "../connections/connection-field";
import { useEntities } from "../connections/queries";
import { FORMATS, MODULES, NEW_ENDPOINT, SCOPES, TYPES, type EndpointDraft } from "./endpoint-draft";

interface Props {
  first?: EndpointDraft;
  hasToken?: boolean;
  submit: string;
  back: string;
  busy: boolean;
  error: unknown;
  conflict?: Conflict;
  onSave: (draft: EndpointDraft) => void;
}

interface PartProps {
  draft: EndpointDraft;
  set: (part: Partial<EndpointDraft>) => void;
  error: unknown;
}

/** What is asked depends on the format: Agile's page has a Notify URL and two check boxes, and little more. */
export function EndpointForm({ first = NEW_ENDPOINT, hasToken = false, submit, back, busy, error, conflict, onSave }: Props) {
  const t = useStrings();
  const [draft, setDraft] = useState(first);
  const set = (part: Partial<EndpointDraft>): void => setDraft({ ...draft, ...part });
  const isAgile = draft.format === "agile";
  return (
    <Form submit={submit} back={back} busy={busy} error={error} conflict={conflict} onSubmit={() => onSave(draft)}>
      <Part title={t.sources.parts.basics}>
        <RadioField
          label={t.endpoints.format}
          value={draft.format}
          options={FORMATS.map((format) => [format, t.endpoints.formats[format], t.endpoints.formatHints[format]] as const)}
          onChange={(format) => set({ format })}
        />
        <TextField
          label={isAgile ? t.endpoints.notifyUrl : t.endpoints.url}
          hint={t.endpoints.urlHint}
          type="url"
          placeholder="https://app.example/hooks"
          value={draft.url}
          error={errorAt(error, "/url")}
          onChange={(url) => set({ url })}
        />
        <TextField
          label={t.endpoints.description}
          hint={t.endpoints.descriptionHint}
          value={draft.description}
          error={errorAt(error, "/description")}
          onChange={(description) => set({ description })}
        />
      </Part>
      <WhatPart draft={draft} set={set} error={error} />
      <HowPart draft={draft} set={set} error={error} hasToken={hasToken} />
    </Form>
  );
}

function WhatPart({ draft, set, error }: PartProps) {
  const t = useStrings();
  const entities = useEntities(draft.connection);
  const isAgile = draft.format === "agile";
  const named = (entities.data ?? []).map(({ name, label_plural }): Option => [name, label_plural]);
  return (
    <Part title={t.endpoints.what}>
      {isAgile ? (
        <fieldset className="options">
          <legend>{t.endpoints.modules}</legend>
          {MODULES.map((module) => (
            <CheckField
              key={module}
              label={t.endpoints.moduleNames[module]}
              checked={draft.modules.includes(module)}
              onChange={(on) => set({ modules: MODULES.filter((other) => (other === module ? on : draft.modules.includes(other))) })}
            />
          ))}
          {errorAt(error, "/modules") && <p className="error-text">{errorAt(error, "/modules")}</p>}
        </fieldset>
      ) : (
        <RadioField
          label={t.endpoints.scope}
          value={draft.scope}
          options={SCOPES.map((scope) => [scope, t.endpoints.scopes[scope], t.endpoints.scopeHints[scope]] as const)}
          onChange={(scope) => set({ scope })}
        />
      )}
      {draft.scope === "changes" && draft.format === "universal" && <p className="hint">{t.endpoints.universalChanges}</p>}
      {(isAgile || draft.scope !== "notices") && (
        <>
          <ConnectionField
            label={t.endpoints.connection}
            none={t.endpoints.allConnections}
            value={draft.connection}
            error={errorAt(error, "/connection")}
            onChange={(connection) => set({ connection })}
          />
          {!isAgile && (draft.connection !== "" || draft.entities.length > 0) && (
            <ChipsField
              label={t.endpoints.entities}
              hint={t.endpoints.entitiesHint}
              value={draft.entities}
              options={named}
              error={errorAt(error, "/entities")}
              onChange={(entities) => set({ entities })}
            />
          )}
          <ChipsField
            label={t.endpoints.types}
            value={draft.types}
            options={TYPES.map((type): Option => [type, t.endpoints.typeNames[type]])}
            error={errorAt(error, "/types")}
            onChange={(types) => set({ types: TYPES.filter((type) => types.includes(type)) })}
          />
          <RadioField
            label={t.endpoints.ownChanges}
            value={draft.ownChanges}
            options={[
              ["send", t.endpoints.own.send],
              ["drop", t.endpoints.own.drop, t.endpoints.ownHint],
            ]}
            onChange={(ownChanges) => set({ ownChanges })}
          />
        </>
      )}
    </Part>
  );
}

function HowPart({ draft, set, error, hasToken }: PartProps & { hasToken: boolean }) {
  const t = useStrings();
  return (
    <Part title={t.endpoints.how}>
      <TextField
        label={t.endpoints.token}
        hint={hasToken ? t.endpoints.tokenKept : t.endpoints.tokenHint}
        autoComplete="off"
        spellCheck={false}
        disabled={draft.dropToken}
        value={draft.token}
        error={errorAt(error, "/token")}
        onChange={(token) => set({ token })}
      />
      {hasToken && <CheckField label={t.endpoints.dropToken} checked={draft.dropToken} onChange={(dropToken) => set({ dropToken, token: "" })} />}
      <RadioField
        label={t.endpoints.success}
        value={draft.success}
        options={[
          ["2xx", t.endpoints.success2xx],
          ["204", t.endpoints.success204, t.endpoints.success204Hint],
        ]}
        onChange={(success) => set({ success })}
      />
      <CheckField label={t.endpoints.coalesce} hint={t.endpoints.coalesceHint} checked={draft.coalesce} onChange={(coalesce) => set({ coalesce })} />
      <CheckField label={t.endpoints.ed25519} hint={t.endpoints.ed25519Hint} checked={draft.ed25519} onChange={(ed25519) => set({ ed25519 })} />
      <div className="filter-fields">
        <TextField
          label={t.endpoints.timeoutSeconds}
          hint={t.endpoints.timeoutHint}
          inputMode="decimal"
          value={draft.timeout}
          error={errorAt(error, "/timeout_ms")}
          onChange={(timeout) => set({ timeout })}
        />
        <TextField
          label={t.endpoints.retries}
          hint={t.endpoints.retriesHint}
          placeholder="15, 60, 300"
          value={draft.retries}
          error={errorAt(error, "/retry_schedule")}
          onChange={(retries) => set({ retries })}
        />
      </div>
      <Rows
        title={t.endpoints.headers}
        hint={t.endpoints.headersHint}
        rows={draft.headers}
        add={t.endpoints.addHeader}
        onAdd={() => set({ headers: [...draft.headers, { name: "", value: "" }] })}
        onRemove={(index) => set({ headers: draft.headers.filter((_, at) => at !== index) })}
      >
        {(row, index) => {
          const change = (part: Partial<typeof row>): void => set({ headers: draft.headers.map((other, at) => (at === index ? { ...other, ...part } : other)) });
          return (
            <>
              <TextField label={t.endpoints.headerName} value={row.name} error={errorAt(error, `/headers/${row.name}`)} onChange={(name) => change({ name })} />
              <TextField label={t.endpoints.headerValue} autoComplete="off" value={row.value} onChange={(value) => change({ value })} />
            </>
          );
        }}
      </Rows>
    </Part>
  );
}
