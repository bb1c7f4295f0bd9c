import { useState } from "react";
import { useLocation } from "wouter";
import { errorAt } from "../api/problem";
import { PageHeader } from "../components/bits";
import { Form, Part } from "../components/form";
import { SelectField, TextField, type Option } from "../components/inputs";
import { useConnectors, useCreateConnection } from "../features/connections/queries";
import { TimeZoneField } from "../features/connections/time-zone-field";
import { useStrings } from "../strings";

export default function NewConnectionPage() {
  const t = useStrings();
  const [, navigate] = useLocation();
  const [id, setId] = useState("");
  const [context, setContext] = useState("");
  const [connector, setConnector] = useState("native");
  const [zone, setZone] = useState(() => Intl.DateTimeFormat().resolvedOptions().timeZone);
  const connectors = useConnectors();
  const create = useCreateConnection();
  const { error } = create;
  const save = (): void =>
    create.mutate(
      { id: id.trim(), document: { context: context.trim(), connector, time_zone: zone.trim() || null } },
      { onSuccess: ({ id }) => navigate(`/connections/${encodeURIComponent(id)}`) },
    );
  return (
    <>
      <PageHeader title={t.connections.new} up={{ to: "/connections", label: t.connections.title }} />
      <Form submit={t.connections.create} back="/connections" busy={create.isPending} error={error} onSubmit={save}>
        <Part title={t.sources.parts.basics}>
          <TextField label={t.connections.id} hint={t.connections.idHint} placeholder="acme-crm" autoCapitalize="none" spellCheck={false} value={id} error={errorAt(error, "/connection")} onChange={setId} />
          <TextField
            label={t.connections.context}
            hint={t.connections.contextHint}
            placeholder="acme"
            autoCapitalize="none"
            spellCheck={false}
            value={context}
            error={errorAt(error, "/context")}
            onChange={setContext}
          />
          <SelectField
            label={t.connections.connector}
            hint={t.connections.connectorHint}
            value={connector}
            options={(connectors.data ?? []).map(({ slug, display_name }): Option => [slug, display_name])}
            error={errorAt(error, "/connector")}
            onChange={setConnector}
          />
          <TimeZoneField value={zone} error={errorAt(error, "/time_zone")} onChange={setZone} />
        </Part>
      </Form>
    </>
  );
}
