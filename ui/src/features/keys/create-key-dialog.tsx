import { useState } from "react";
import { errorAt } from "../../api/problem";
import { Button } from "../../components/button";
import { Dialog } from "../../components/dialog";
import { AreaField, ChipsField, TextField, type Option } from "../../components/inputs";
import { SecretOnce } from "../../components/secret";
import { ProblemBox } from "../../components/states";
import { listOf } from "../../lib/literal";
import { useStrings } from "../../strings";
import { useAllConnections } from "../connections/queries";
import { useCreateKey } from "./queries";

/** Scopes that are about the whole workspace. That of operators is granted by their keys alone. */
const SCOPES = ["all", "read", "ingest"] as const;

export function CreateKeyDialog({ onClose }: { onClose: () => void }) {
  const t = useStrings();
  const [label, setLabel] = useState("");
  const [scopes, setScopes] = useState<readonly string[]>(["read"]);
  const [addresses, setAddresses] = useState("");
  const connections = useAllConnections();
  const create = useCreateKey();
  const { error, data: made } = create;
  if (made)
    return (
      <Dialog
        title={t.keys.made}
        onClose={onClose}
        footer={
          <Button look="primary" onClick={onClose}>
            {t.app.close}
          </Button>
        }
      >
        <SecretOnce title={t.keys.whole} secret={`${made.publishable}:${made.secret}`} />
        <p className="hint">{t.keys.wholeHint}</p>
      </Dialog>
    );
  const save = (): void => create.mutate({ label: label.trim() || null, scopes: [...scopes], addresses: listOf(addresses) });
  const ofConnections = (connections.data?.connections ?? []).map(({ id }): Option => [`connection:${id}`, id]);
  const isWide = (scope: string): boolean => SCOPES.some((wide) => wide === scope);
  return (
    <Dialog
      title={t.keys.create}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t.app.cancel}</Button>
          <Button look="primary" busy={create.isPending} onClick={save}>
            {t.keys.create}
          </Button>
        </>
      }
    >
      <TextField label={t.keys.label} hint={t.keys.labelHint} maxLength={200} value={label} error={errorAt(error, "/label")} onChange={setLabel} />
      <ChipsField
        label={t.keys.scopes}
        hint={t.keys.scopesHint}
        value={scopes.filter(isWide)}
        options={SCOPES.map((scope): Option => [scope, t.keys.scopeNames[scope]])}
        error={errorAt(error, "/scopes")}
        onChange={(wide) => setScopes([...wide, ...scopes.filter((scope) => !isWide(scope))])}
      />
      {ofConnections.length > 0 && (
        <ChipsField
          label={t.keys.connections}
          hint={t.keys.connectionsHint}
          value={scopes.filter((scope) => !isWide(scope))}
          options={ofConnections}
          onChange={(narrow) => setScopes([...scopes.filter(isWide), ...narrow])}
        />
      )}
      <AreaField label={t.keys.addresses} hint={t.keys.addressesHint} rows={2} placeholder="203.0.113.0/24" value={addresses} error={errorAt(error, "/addresses")} onChange={setAddresses} />
      {error && <ProblemBox error={error} />}
    </Dialog>
  );
}
