import { useLocation } from "wouter";
import { PageHeader } from "../components/bits";
import { Answered } from "../components/states";
import { useEntity } from "../features/connections/queries";
import { recordPath, recordsPath } from "../features/records/path";
import { useCreateRecord } from "../features/records/queries";
import { RecordForm } from "../features/records/record-form";
import { useStrings } from "../strings";

export default function NewRecordPage({ connection, entity }: { connection: string; entity: string }) {
  const t = useStrings();
  const [, navigate] = useLocation();
  const described = useEntity(connection, entity);
  const create = useCreateRecord(connection, entity);
  const back = recordsPath(connection, entity);
  return (
    <>
      <PageHeader title={t.records.new(described.data?.label ?? entity)} up={{ to: back, label: described.data?.label_plural ?? entity }} />
      <Answered query={described} lines={8}>
        {(described) => (
          <RecordForm
            connection={connection}
            entity={described}
            data={null}
            submit={t.records.create}
            back={back}
            busy={create.isPending}
            error={create.error}
            onSave={(data) => create.mutate(data, { onSuccess: ({ id }) => navigate(recordPath(connection, entity, id)) })}
          />
        )}
      </Answered>
    </>
  );
}
