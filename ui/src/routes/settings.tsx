import { useState } from "react";
import { Link } from "wouter";
import { errorAt } from "../api/problem";
import { Facts, PageHeader, Section } from "../components/bits";
import { Button } from "../components/button";
import { AreaField, CheckField, TextField } from "../components/inputs";
import { useNotify } from "../components/notify";
import { SecretOnce } from "../components/secret";
import { Answered, ProblemBox } from "../components/states";
import { useUnsaved } from "../components/unsaved";
import { useMayWrite } from "../features/session/session";
import { OAuthClients } from "../features/settings/oauth-clients";
import { Origins } from "../features/settings/origins";
import { useOAuthClients, useOrigins, useRetention, useSaveWebhookEntities, useSaveWebhooks, useWebhookEntities, useWebhooksSetting } from "../features/settings/queries";
import { listOf } from "../lib/literal";
import { byteSize } from "../lib/text";
import { useStrings, useWords } from "../strings";

export default function SettingsPage() {
  const t = useStrings();
  const webhooks = useWebhooksSetting();
  const entities = useWebhookEntities();
  const origins = useOrigins();
  const oauth = useOAuthClients();
  const retention = useRetention();
  const mayWrite = useMayWrite();
  const { language } = useWords();
  return (
    <>
      <PageHeader title={t.app.settings} />
      {!mayWrite && <p className="hint">{t.app.viewerOnly}</p>}
      <Section title={t.settings.webhooks}>
        <p className="hint">{t.settings.webhooksHint}</p>
        <Answered query={webhooks} lines={3}>
          {(setting) => <Webhooks url={setting.url ?? ""} hasToken={setting.has_token} endpoint={setting.endpoint ?? null} />}
        </Answered>
      </Section>
      <Section title={t.settings.entities}>
        <p className="hint">{t.settings.entitiesHint}</p>
        <Answered query={entities} lines={3}>
          {(list) => <Entities key={list.join()} entities={list} />}
        </Answered>
      </Section>
      <Section title={t.settings.origins}>
        <p className="hint">{t.settings.originsHint}</p>
        <Answered query={origins} lines={3}>
          {(list) => <Origins origins={list} />}
        </Answered>
      </Section>
      <Section title={t.settings.oauth}>
        <p className="hint">{t.settings.oauthHint}</p>
        <Answered query={oauth} lines={3}>
          {(list) => <OAuthClients clients={list} />}
        </Answered>
      </Section>
      <Section title={t.settings.retention}>
        <p className="hint">{t.settings.retentionHint}</p>
        <Answered query={retention} lines={5}>
          {(setting) => (
            <Facts
              facts={[
                [t.settings.failed, t.recover.days(setting.failed_days)],
                [t.settings.done, t.recover.days(setting.done_days)],
                [t.deliveries.title, t.recover.days(setting.deliveries_days)],
                [t.settings.changes, t.recover.days(setting.changes_days)],
                [t.settings.calls, t.recover.days(setting.calls_days)],
                [t.settings.bytes, setting.bytes_max == null ? t.settings.noBound : byteSize(setting.bytes_max, language)],
              ]}
            />
          )}
        </Answered>
      </Section>
    </>
  );
}

function Webhooks({ url: saved, hasToken, endpoint }: { url: string; hasToken: boolean; endpoint: string | null }) {
  const t = useStrings();
  const [url, setUrl] = useState(saved);
  const [token, setToken] = useState("");
  const [drop, setDrop] = useState(false);
  const save = useSaveWebhooks();
  const notify = useNotify();
  const mayWrite = useMayWrite();
  useUnsaved(mayWrite && (url.trim() !== saved || token !== "" || drop));
  const submit = (): void =>
    save.mutate(
      { url: url.trim() || null, ...(token.trim() ? { token: token.trim() } : drop ? { token: null } : {}) },
      {
        onSuccess: () => {
          notify(t.app.saved);
          setToken("");
          setDrop(false);
        },
      },
    );
  return (
    <div className="part form-wide">
      <TextField
        label={t.endpoints.url}
        hint={t.settings.urlHint}
        type="url"
        placeholder="https://app.example/hooks"
        readOnly={!mayWrite}
        value={url}
        error={errorAt(save.error, "/url")}
        onChange={setUrl}
      />
      {mayWrite && (
        <TextField
          label={t.endpoints.token}
          hint={hasToken ? t.endpoints.tokenKept : t.endpoints.tokenHint}
          autoComplete="off"
          spellCheck={false}
          disabled={drop}
          value={token}
          error={errorAt(save.error, "/token")}
          onChange={setToken}
        />
      )}
      {mayWrite && hasToken && <CheckField label={t.endpoints.dropToken} checked={drop} onChange={setDrop} />}
      {save.error && <ProblemBox error={save.error} />}
      {save.data?.secret && <SecretOnce title={t.endpoints.secret} secret={save.data.secret} />}
      {endpoint && (
        <p>
          <Link href={`/endpoints/${endpoint}`}>{t.settings.toEndpoint}</Link>
        </p>
      )}
      {mayWrite && (
        <div className="actions">
          <Button look="primary" busy={save.isPending} onClick={submit}>
            {t.app.save}
          </Button>
        </div>
      )}
    </div>
  );
}

function Entities({ entities }: { entities: readonly string[] }) {
  const t = useStrings();
  const [text, setText] = useState(entities.join("\n"));
  const save = useSaveWebhookEntities();
  const notify = useNotify();
  const mayWrite = useMayWrite();
  useUnsaved(mayWrite && JSON.stringify(listOf(text)) !== JSON.stringify(entities));
  return (
    <div className="part form-wide">
      <AreaField label={t.endpoints.entities} hint={t.records.onePerLine} rows={5} readOnly={!mayWrite} value={text} error={errorAt(save.error, "/entities")} onChange={setText} />
      {save.error && <ProblemBox error={save.error} />}
      {mayWrite && (
        <div className="actions">
          <Button look="primary" busy={save.isPending} onClick={() => save.mutate(listOf(text), { onSuccess: () => notify(t.app.saved) })}>
            {t.settings.saveEntities}
          </Button>
        </div>
      )}
    </div>
  );
}
