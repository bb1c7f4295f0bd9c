// As whom the app is known to the CRMs that their users let it into.
import { useState } from "react";
import type { components } from "../../api/schema";
import { errorAt } from "../../api/problem";
import { Facts } from "../../components/bits";
import { Button } from "../../components/button";
import { CopyId } from "../../components/copy";
import { TextField } from "../../components/inputs";
import { useNotify } from "../../components/notify";
import { ProblemBox } from "../../components/states";
import { useStrings } from "../../strings";
import { useMayWrite } from "../session/session";
import { useDeleteOAuthClient, useSaveOAuthClient } from "./queries";

type OAuthClient = components["schemas"]["OAuthClientView"];

export function OAuthClients({ clients }: { clients: readonly OAuthClient[] }) {
  const t = useStrings();
  if (clients.length === 0) return <p className="muted">{t.settings.noOAuth}</p>;
  return clients.map((client) => <OneClient key={client.connector} client={client} />);
}

function OneClient({ client }: { client: OAuthClient }) {
  const t = useStrings();
  const mayWrite = useMayWrite();
  const [id, setId] = useState(client.client_id ?? "");
  const [secret, setSecret] = useState("");
  const save = useSaveOAuthClient(client.connector);
  const forget = useDeleteOAuthClient(client.connector);
  const notify = useNotify();
  const submit = (): void =>
    save.mutate(
      { client_id: id.trim(), client_secret: secret.trim() },
      {
        onSuccess: () => {
          notify(t.app.saved);
          setSecret("");
        },
      },
    );
  const remove = (): void =>
    forget.mutate(undefined, {
      onSuccess: () => {
        notify(t.app.saved);
        setId("");
      },
    });
  return (
    <section className="part form-wide" aria-label={client.display_name}>
      <h3>{client.display_name}</h3>
      <Facts
        facts={[
          [t.settings.callback, <CopyId key="callback" id={client.callback_url} whole />],
          [t.settings.scopes, client.scopes.length > 0 ? client.scopes.join(" ") : t.settings.noScopes],
        ]}
      />
      <TextField label={t.settings.clientId} readOnly={!mayWrite} autoComplete="off" spellCheck={false} value={id} error={errorAt(save.error, "/client_id")} onChange={setId} />
      {mayWrite && (
        <>
          <TextField
            label={t.settings.clientSecret}
            hint={client.client_id == null ? t.settings.clientSecretHint : t.settings.clientSecretKept}
            type="password"
            autoComplete="off"
            value={secret}
            error={errorAt(save.error, "/client_secret")}
            onChange={setSecret}
          />
          {save.error && <ProblemBox error={save.error} />}
          {forget.error && <ProblemBox error={forget.error} />}
          <div className="actions">
            <Button look="primary" busy={save.isPending} onClick={submit}>
              {t.settings.saveClient(client.display_name)}
            </Button>
            {client.client_id != null && (
              <Button look="quiet" busy={forget.isPending} onClick={remove}>
                {t.settings.forgetClient(client.display_name)}
              </Button>
            )}
          </div>
        </>
      )}
    </section>
  );
}
