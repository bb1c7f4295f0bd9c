import { useState } from "react";
import { useSearch } from "wouter";
import type { Key } from "../api/client";
import { PageHeader } from "../components/bits";
import { Button } from "../components/button";
import { ConfirmDialog } from "../components/confirm";
import { CopyId } from "../components/copy";
import { Listing } from "../components/listing";
import { useNotify } from "../components/notify";
import { Empty } from "../components/states";
import { Cell, Row, Table } from "../components/table";
import { Time } from "../components/time";
import { CreateKeyDialog } from "../features/keys/create-key-dialog";
import { useKeys, useRevokeKey } from "../features/keys/queries";
import { AdminOnly } from "../features/session/admin-only";
import { filtersFrom } from "../lib/filters";
import { useStrings } from "../strings";

export default function KeysPage() {
  const t = useStrings();
  return (
    <AdminOnly title={t.keys.title}>
      <Keys />
    </AdminOnly>
  );
}

function Keys() {
  const t = useStrings();
  const { cursor } = filtersFrom(useSearch(), ["cursor"]);
  const keys = useKeys(cursor);
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<Key | null>(null);
  const create = (
    <Button look="primary" onClick={() => setCreating(true)}>
      {t.keys.create}
    </Button>
  );
  return (
    <>
      <PageHeader title={t.keys.title} actions={create}>
        <p className="muted">{t.keys.about}</p>
      </PageHeader>
      <Listing
        query={keys}
        items={(answer) => answer.keys}
        path="/keys"
        cursor={cursor}
        empty={
          <Empty title={t.keys.empty} action={create}>
            <p>{t.keys.emptyDetail}</p>
          </Empty>
        }
      >
        {(list) => (
          <Table
            label={t.keys.title}
            columns={[
              { key: "name", label: t.keys.label },
              { key: "publishable", label: t.keys.publishable },
              { key: "scopes", label: t.keys.scopes },
              { key: "used", label: t.keys.used },
              { key: "made", label: t.app.created },
              { key: "action", label: t.keys.revoke, hidden: true },
            ]}
          >
            {list.map((key) => (
              <Row key={key.id}>
                <Cell column="name">
                  {key.label === "" ? <span className="muted">{t.keys.noLabel}</span> : <strong>{key.label}</strong>}
                  {key.addresses.length > 0 && <span className="reason">{t.keys.from(key.addresses.join(", "))}</span>}
                </Cell>
                <Cell column="publishable" label={t.keys.publishable}>
                  <CopyId id={key.publishable} />
                </Cell>
                <Cell column="scopes" label={t.keys.scopes}>
                  <span className="outcome">
                    {key.scopes.map((scope) => (
                      <span key={scope} className="chip">
                        {scope}
                      </span>
                    ))}
                  </span>
                </Cell>
                <Cell column="used" label={t.keys.used}>
                  {key.last_used_at ? <Time at={key.last_used_at} /> : <span className="muted">{t.endpoints.never}</span>}
                </Cell>
                <Cell column="made" label={t.app.created}>
                  <Time at={key.created_at} />
                </Cell>
                <Cell column="action">
                  <Button className="button-small" onClick={() => setRevoking(key)}>
                    {t.keys.revoke}
                  </Button>
                </Cell>
              </Row>
            ))}
          </Table>
        )}
      </Listing>
      {creating && <CreateKeyDialog onClose={() => setCreating(false)} />}
      {revoking && <RevokeDialog revoking={revoking} onClose={() => setRevoking(null)} />}
    </>
  );
}

function RevokeDialog({ revoking, onClose }: { revoking: Key; onClose: () => void }) {
  const t = useStrings();
  const revoke = useRevokeKey(revoking.id);
  const notify = useNotify();
  const confirm = (): void =>
    revoke.mutate(undefined, {
      onSuccess: () => {
        notify(t.keys.revoked);
        onClose();
      },
    });
  return (
    <ConfirmDialog title={t.keys.revokeTitle(revoking.label || revoking.publishable)} confirm={t.keys.revoke} busy={revoke.isPending} error={revoke.error} onConfirm={confirm} onClose={onClose}>
      <p>{t.keys.revokeDetail}</p>
    </ConfirmDialog>
  );
}
