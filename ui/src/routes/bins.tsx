import { useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { errorAt } from "../api/problem";
import { PageHeader } from "../components/bits";
import { Button } from "../components/button";
import { CopyButton } from "../components/copy";
import { Dialog } from "../components/dialog";
import { TextField } from "../components/inputs";
import { Listing } from "../components/listing";
import { Empty, ProblemBox } from "../components/states";
import { Cell, Row, Table } from "../components/table";
import { Time } from "../components/time";
import { useBins, useCreateBin } from "../features/bins/queries";
import { useMayWrite } from "../features/session/session";
import { filtersFrom } from "../lib/filters";
import { shortId } from "../lib/text";
import { useStrings } from "../strings";

export default function BinsPage() {
  const t = useStrings();
  const { cursor } = filtersFrom(useSearch(), ["cursor"]);
  const bins = useBins(cursor);
  const mayWrite = useMayWrite();
  const [creating, setCreating] = useState(false);
  const create = mayWrite && (
    <Button look="primary" onClick={() => setCreating(true)}>
      {t.bins.create}
    </Button>
  );
  return (
    <>
      <PageHeader title={t.bins.title} actions={create}>
        <p className="muted">{t.bins.about}</p>
      </PageHeader>
      <Listing
        query={bins}
        items={(answer) => answer.bins}
        path="/bins"
        cursor={cursor}
        empty={
          <Empty title={t.bins.empty} action={create}>
            <p>{t.bins.emptyDetail}</p>
          </Empty>
        }
      >
        {(list) => (
          <Table
            label={t.bins.title}
            columns={[
              { key: "name", label: t.bins.label },
              { key: "made", label: t.app.created },
              { key: "until", label: t.bins.expires },
              { key: "action", label: t.app.copy, hidden: true },
            ]}
          >
            {list.map((bin) => (
              <Row key={bin.name}>
                <Cell column="name">
                  <Link href={`/bins/${bin.name}`} className="row-link">
                    {bin.label || shortId(bin.name)}
                  </Link>
                </Cell>
                <Cell column="made" label={t.app.created}>
                  <Time at={bin.created_at} />
                </Cell>
                <Cell column="until" label={t.bins.expires}>
                  <Time at={bin.expires_at} />
                </Cell>
                <Cell column="action">
                  <CopyButton text={bin.url} label={t.sourceKeys.copyUrl} />
                </Cell>
              </Row>
            ))}
          </Table>
        )}
      </Listing>
      {creating && <CreateDialog onClose={() => setCreating(false)} />}
    </>
  );
}

function CreateDialog({ onClose }: { onClose: () => void }) {
  const t = useStrings();
  const [, navigate] = useLocation();
  const [label, setLabel] = useState("");
  const create = useCreateBin();
  const save = (): void => create.mutate(label.trim(), { onSuccess: ({ name }) => navigate(`/bins/${name}`) });
  return (
    <Dialog
      title={t.bins.create}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t.app.cancel}</Button>
          <Button look="primary" busy={create.isPending} onClick={save}>
            {t.bins.create}
          </Button>
        </>
      }
    >
      <TextField label={t.bins.label} hint={t.bins.labelHint} maxLength={200} value={label} error={errorAt(create.error, "/label")} onChange={setLabel} />
      {create.error && <ProblemBox error={create.error} />}
    </Dialog>
  );
}
