import { useState } from "react";
import { Link, useLocation } from "wouter";
import type { Connection } from "../api/client";
import { errorAt } from "../api/problem";
import { Facts, PageHeader, Section } from "../components/bits";
import { Button } from "../components/button";
import { ConfirmDialog } from "../components/confirm";
import { CopyId } from "../components/copy";
import { Dialog } from "../components/dialog";
import { TextField } from "../components/inputs";
import { JsonEditor } from "../components/json-editor";
import { Marked } from "../components/marked";
import { useRead, type Again } from "../components/conflict";
import { useNotify } from "../components/notify";
import { Answered, Empty, ProblemBox } from "../components/states";
import { Time } from "../components/time";
import { ConnectionStatusBadge, MappingState } from "../features/connections/connection-bits";
import { ObjectsView } from "../features/connections/objects-view";
import { useConnection, useDeleteConnection, useEntities, useMapping, useObjects, useSaveMapping, useSaveObjects, useUpdateConnection } from "../features/connections/queries";
import { TimeZoneField } from "../features/connections/time-zone-field";
import { recordsPath } from "../features/records/path";
import { useMayWrite } from "../features/session/session";
import { useStrings } from "../strings";

export default function ConnectionPage({ id }: { id: string }) {
  const t = useStrings();
  const connection = useConnection(id);
  const mayWrite = useMayWrite();
  const [open, setOpen] = useState<"edit" | "delete" | null>(null);
  return (
    <>
      <PageHeader
        title={id}
        up={{ to: "/connections", label: t.connections.title }}
        actions={
          mayWrite && connection.data && (
            <>
              <Button onClick={() => setOpen("edit")}>{t.app.edit}</Button>
              <Button look="danger" onClick={() => setOpen("delete")}>
                {t.app.deleteAsk}
              </Button>
            </>
          )
        }
      >
        <CopyId id={id} whole />
      </PageHeader>
      <Answered query={connection} lines={8}>
        {(connection) => <ConnectionBody connection={connection} />}
      </Answered>
      {open === "edit" && connection.data && <EditDialog connection={connection.data} onClose={() => setOpen(null)} />}
      {open === "delete" && <DeleteDialog id={id} onClose={() => setOpen(null)} />}
    </>
  );
}

function ConnectionBody({ connection }: { connection: Connection }) {
  const t = useStrings();
  const mayWrite = useMayWrite();
  return (
    <>
      {!mayWrite && <p className="hint">{t.app.viewerOnly}</p>}
      {connection.error && (
        <div className="notice notice-bad">
          <div className="notice-text">
            <strong>
              <Marked text={connection.error} />
            </strong>
          </div>
        </div>
      )}
      <Facts
        facts={[
          [t.connections.status, <ConnectionStatusBadge key="status" connection={connection} />],
          [t.connections.context, connection.context],
          [t.connections.connector, connection.connector],
          [t.connections.timeZone, connection.time_zone],
          [t.mapping.title, <MappingState key="mapping" connection={connection} />],
          [t.app.created, <Time key="created" at={connection.created_at} exact />],
        ]}
      />
      {connection.mapping.missing.length > 0 && (
        <Section title={t.connections.missingTitle}>
          <ul className="warnings">
            {connection.mapping.missing.map(({ path, detail }) => (
              <li key={path + detail}>
                <code>{path}</code>
                <span>
                  <Marked text={detail} />
                </span>
              </li>
            ))}
          </ul>
        </Section>
      )}
      <Objects connection={connection.id} />
      <Entities connection={connection.id} />
    </>
  );
}

function Objects({ connection }: { connection: string }) {
  const t = useStrings();
  const objects = useObjects(connection);
  const mapping = useMapping(connection);
  const mayWrite = useMayWrite();
  const [editing, setEditing] = useState<"objects" | "mapping" | null>(null);
  const again = { objects: objects.refetch, mapping: mapping.refetch };
  const saveObjects = useSaveObjects(connection);
  const saveMapping = useSaveMapping(connection);
  const done = (): void => {
    saveObjects.reset();
    saveMapping.reset();
    setEditing(null);
  };
  const both = {
    data: objects.data && mapping.data ? { objects: objects.data, mapping: mapping.data } : undefined,
    error: objects.error ?? mapping.error,
    refetch: () => Promise.all([objects.refetch(), mapping.refetch()]),
  };
  return (
    <Section
      title={t.connections.objects}
      aside={
        mayWrite && editing === null && (
          <span className="actions">
            <Button className="button-small" onClick={() => setEditing("objects")}>
              {t.connections.editObjects}
            </Button>
            <Button className="button-small" onClick={() => setEditing("mapping")}>
              {t.connections.editMapping}
            </Button>
          </span>
        )
      }
    >
      <Answered query={both} lines={5}>
        {({ objects, mapping }) =>
          editing === "objects" ? (
            <DocumentEditor label={t.connections.objects} hint={t.connections.objectsHint} now={objects} again={again.objects} save={saveObjects} onDone={done} />
          ) : editing === "mapping" ? (
            <DocumentEditor label={t.mapping.title} hint={t.connections.mappingHint} now={mapping} again={again.mapping} save={saveMapping} onDone={done} />
          ) : Object.keys(objects.document.objects).length === 0 ? (
            <Empty title={t.connections.noObjects}>
              <p>{t.connections.noObjectsDetail}</p>
            </Empty>
          ) : (
            <ObjectsView objects={objects.document} mapping={mapping.document} />
          )
        }
      </Answered>
    </Section>
  );
}

interface Document {
  document: unknown;
  tag: string | null;
}

interface EditorProps {
  label: string;
  hint: string;
  now: Document;
  again: Again<Document>;
  save: ReturnType<typeof useSaveObjects>;
  onDone: () => void;
}

function DocumentEditor({ label, hint, now, again, save, onDone }: EditorProps) {
  const t = useStrings();
  const { value: read, key, conflict } = useRead(now, again, save.reset);
  const notify = useNotify();
  const saved = (): void => {
    notify(t.app.saved);
    onDone();
  };
  return (
    <JsonEditor
      key={key}
      label={label}
      hint={hint}
      first={read.document}
      busy={save.isPending}
      error={save.error}
      conflict={conflict}
      onSave={(document) => save.mutate({ document, tag: read.tag }, { onSuccess: saved })}
      onCancel={onDone}
    />
  );
}

function Entities({ connection }: { connection: string }) {
  const t = useStrings();
  const entities = useEntities(connection);
  return (
    <Section title={t.connections.entities}>
      <p className="hint">{t.connections.entitiesHint}</p>
      <Answered query={entities} lines={3}>
        {(list) => (
          <ul className="chips" role="list">
            {list.map(({ name, label_plural }) => (
              <li key={name}>
                <Link href={recordsPath(connection, name)} className="chip chip-link">
                  {label_plural}
                </Link>
              </li>
            ))}
          </ul>
        )}
      </Answered>
    </Section>
  );
}

function EditDialog({ connection, onClose }: { connection: Connection; onClose: () => void }) {
  const t = useStrings();
  const [context, setContext] = useState(connection.context);
  const [zone, setZone] = useState(connection.time_zone);
  const update = useUpdateConnection(connection.id);
  const notify = useNotify();
  const save = (): void =>
    update.mutate(
      { context: context.trim(), time_zone: zone.trim() || null },
      {
        onSuccess: () => {
          notify(t.app.saved);
          onClose();
        },
      },
    );
  return (
    <Dialog
      title={t.connections.edit}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t.app.cancel}</Button>
          <Button look="primary" busy={update.isPending} onClick={save}>
            {t.app.save}
          </Button>
        </>
      }
    >
      <TextField label={t.connections.context} hint={t.connections.contextHint} value={context} error={errorAt(update.error, "/context")} onChange={setContext} />
      <TimeZoneField value={zone} error={errorAt(update.error, "/time_zone")} onChange={setZone} />
      {update.error && <ProblemBox error={update.error} />}
    </Dialog>
  );
}

function DeleteDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const t = useStrings();
  const [, navigate] = useLocation();
  const [typed, setTyped] = useState("");
  const remove = useDeleteConnection(id);
  const notify = useNotify();
  const confirm = (): void => {
    if (typed !== id) return;
    remove.mutate(undefined, {
      onSuccess: () => {
        notify(t.app.deleted);
        navigate("/connections");
      },
    });
  };
  return (
    <ConfirmDialog title={t.connections.deleteTitle(id)} confirm={t.app.delete} busy={remove.isPending || typed !== id} error={remove.error} onConfirm={confirm} onClose={onClose}>
      <p>{t.connections.deleteDetail}</p>
      <TextField label={t.connections.deleteType(id)} autoComplete="off" spellCheck={false} value={typed} onChange={setTyped} />
    </ConfirmDialog>
  );
}
