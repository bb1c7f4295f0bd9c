import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "../../../src/components/button";
import type { Connection } from "../api/shapes";
import { Confirm } from "../parts/confirm";
import { Heading, Notice, ProblemBox } from "../parts/problem";
import { useSession } from "../state/session";
import { useSay, useStrings } from "../strings";
import { isActive } from "./authorise";
import { CrmMark } from "./choose";

interface ConnectionScreenProps {
  connection: Connection;
  onDisconnected: () => void;
  onReconnect: () => void;
}

export function ConnectionScreen({ connection, onDisconnected, onReconnect }: ConnectionScreenProps) {
  const t = useStrings();
  const say = useSay();
  const { api } = useSession();
  const [isAsking, setIsAsking] = useState(false);
  const { connector, authorization } = connection;
  const values = { crm: connector.name };
  const active = isActive(connection);
  const remove = useMutation({ mutationFn: () => api.disconnect(connection.id), onSuccess: onDisconnected, onError: () => setIsAsking(false) });
  const tone = active ? "good" : authorization?.status === "error" ? "bad" : "wait";
  return (
    <div className="narrow">
      <Heading title={say(t.connection.title, values)}>
        <div className="one-crm">
          <CrmMark connector={connector} />
          <div>
            <p className="row-title">
              {connector.name} <span className={`badge badge-${tone}`}>{active ? t.connection.active : tone === "bad" ? t.connection.error : t.connection.waiting}</span>
            </p>
            {connector.short_description && <p className="hint">{connector.short_description}</p>}
          </div>
        </div>
      </Heading>
      {!active && (
        <Notice tone="bad" alert title={t.connection.error}>
          {authorization?.error_message && <p>{authorization.error_message}</p>}
          <p>{say(t.connection.errorText)}</p>
        </Notice>
      )}
      {remove.error && <ProblemBox error={remove.error} onRetry={() => remove.mutate()} />}
      <dl className="facts">
        {authorization?.display_label && (
          <div>
            <dt>{t.connection.account}</dt>
            <dd>{authorization.display_label}</dd>
          </div>
        )}
        <div>
          <dt>{t.connection.id}</dt>
          <dd>
            <code>{connection.id}</code>
          </dd>
        </div>
      </dl>
      <div className="actions">
        {!active && (
          <Button look="primary" onClick={onReconnect}>
            {t.connection.reconnect}
          </Button>
        )}
        {active && connector.auth !== "none" && <Button onClick={onReconnect}>{t.connection.reconnect}</Button>}
        <Button className="button-danger" onClick={() => setIsAsking(true)}>
          {t.connection.disconnect}
        </Button>
      </div>
      {isAsking && (
        <Confirm
          title={say(t.connection.confirm, values)}
          go={t.connection.confirmGo}
          busy={remove.isPending}
          isDangerous
          onGo={() => {
            if (!remove.isPending) remove.mutate();
          }}
          onCancel={() => setIsAsking(false)}
        >
          <p>{say(t.connection.confirmText, values)}</p>
        </Confirm>
      )}
    </div>
  );
}
