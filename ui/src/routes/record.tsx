import { useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import type { CrmRecord, EntityDetail, Values } from "../api/client";
import { Facts, PageHeader } from "../components/bits";
import { Button, LinkButton } from "../components/button";
import { ConfirmDialog } from "../components/confirm";
import { CopyId } from "../components/copy";
import { useRead, type Again } from "../components/conflict";
import { useNotify } from "../components/notify";
import { Answered } from "../components/states";
import { Time } from "../components/time";
import { useEntity } from "../features/connections/queries";
import { useRecord } from "../features/events/queries";
import { RecordHistory } from "../features/records/history";
import { recordPath, recordsPath } from "../features/records/path";
import { useDeleteRecord, useLookupNames, useUpdateRecord } from "../features/records/queries";
import { RecordForm } from "../features/records/record-form";
import { useMayWrite } from "../features/session/session";
import { valueText } from "../lib/text";
import { useStrings } from "../strings";
import { ColumnValue } from "./records";

interface Props {
  connection: string;
  entity: string;
  id: string;
}

export default function RecordPage({ connection, entity, id }: Props) {
  const t = useStrings();
  const record = useRecord(connection, entity, id);
  const described = useEntity(connection, entity);
  const mayWrite = useMayWrite();
  const editing = new URLSearchParams(useSearch()).has("edit");
  const [deleting, setDeleting] = useState(false);
  const here = recordPath(connection, entity, id);
  const name = described.data && valueText((record.data?.data as Values | undefined)?.[described.data.display]);
  const again = record.refetch;
  const both = {
    data: record.data && described.data ? { record: record.data, described: described.data } : undefined,
    error: record.error ?? described.error,
    refetch: () => Promise.all([record.refetch(), described.refetch()]),
  };
  return (
    <>
      <PageHeader
        title={name ?? t.records.record}
        up={{ to: recordsPath(connection, entity), label: described.data?.label_plural ?? entity }}
        actions={
          mayWrite && !editing && record.data && (
            <>
              <LinkButton to={`${here}?edit`}>{t.app.edit}</LinkButton>
              <Button look="danger" onClick={() => setDeleting(true)}>
                {t.app.deleteAsk}
              </Button>
            </>
          )
        }
      >
        <CopyId id={id} whole />
      </PageHeader>
      <Answered query={both} lines={10}>
        {({ record, described }) =>
          editing && mayWrite ? <EditRecord connection={connection} record={record} again={again} described={described} back={here} /> : <RecordBody connection={connection} record={record} described={described} />
        }
      </Answered>
      {!editing && record.data && <RecordHistory connection={connection} entity={entity} id={id} />}
      {deleting && <DeleteDialog connection={connection} entity={entity} id={id} name={name ?? id} onClose={() => setDeleting(false)} />}
    </>
  );
}

function RecordBody({ connection, record, described }: { connection: string; record: CrmRecord; described: EntityDetail }) {
  const t = useStrings();
  const mayWrite = useMayWrite();
  const data = (record.data ?? {}) as Values;
  const columns = described.columns.filter(({ name }) => !["Id", "CreatedOn", "ModifiedOn"].includes(name));
  const filled = columns.filter(({ name }) => valueText(data[name]) !== null);
  const names = useLookupNames(connection, filled.flatMap(({ name, lookup }) => (lookup && typeof data[name] === "string" ? [[lookup, data[name]] as const] : [])));
  return (
    <>
      {!mayWrite && <p className="hint">{t.app.viewerOnly}</p>}
      <Facts
        facts={filled.map((column) => {
          const value = data[column.name];
          const shown = <ColumnValue column={column} value={value} names={names.data} />;
          return [column.label, column.lookup && typeof value === "string" ? <Link key={column.name} href={recordPath(connection, column.lookup, value)}>{shown}</Link> : shown] as const;
        })}
      />
      <p className="hint">
        {t.event.columnsEmpty(columns.length - filled.length)}
        {" · "}
        {t.records.number(record.number)}
        {" · "}
        {t.app.created} <Time at={record.created_at} />
        {" · "}
        {t.app.updated} <Time at={record.updated_at} />
      </p>
    </>
  );
}

interface EditProps {
  connection: string;
  record: CrmRecord;
  again: Again<CrmRecord>;
  described: EntityDetail;
  back: string;
}

function EditRecord({ connection, record, again, described, back }: EditProps) {
  const t = useStrings();
  const [, navigate] = useLocation();
  const update = useUpdateRecord(record, connection);
  // Whoever keeps what they wrote changes what they changed, and no other column that somebody else did.
  const { value: read, key, conflict } = useRead(record, again, update.reset, (first, { version }) => ({ ...first, version }));
  const notify = useNotify();
  return (
    <RecordForm
      key={key}
      connection={connection}
      entity={described}
      data={(read.data ?? {})}
      submit={t.app.save}
      back={back}
      busy={update.isPending}
      error={update.error}
      conflict={conflict}
      onSave={(data) =>
        update.mutate(
          { data, version: read.version },
          {
            onSuccess: () => {
              notify(t.app.saved);
              navigate(back);
            },
          },
        )
      }
    />
  );
}

function DeleteDialog({ connection, entity, id, name, onClose }: Props & { name: string; onClose: () => void }) {
  const t = useStrings();
  const [, navigate] = useLocation();
  const remove = useDeleteRecord(connection, entity, id);
  const notify = useNotify();
  const confirm = (): void =>
    remove.mutate(undefined, {
      onSuccess: () => {
        notify(t.app.deleted);
        navigate(recordsPath(connection, entity));
      },
    });
  return (
    <ConfirmDialog title={t.records.deleteTitle(name)} confirm={t.app.delete} busy={remove.isPending} error={remove.error} onConfirm={confirm} onClose={onClose}>
      <p>{t.records.deleteDetail}</p>
    </ConfirmDialog>
  );
}
