import { useState } from "react";
import { useLocation, useSearch } from "wouter";
import type { Delivery, DeliveryStatus, Endpoint } from "../api/client";
import { ActionMenu } from "../components/action-menu";
import { Choice, Facts, PageHeader, Pager, Section } from "../components/bits";
import { Button, LinkButton } from "../components/button";
import { ConfirmDialog } from "../components/confirm";
import { CopyId } from "../components/copy";
import { useNotify } from "../components/notify";
import { Answered, Empty, ProblemBox } from "../components/states";
import { Time } from "../components/time";
import { DeliveryTable } from "../features/deliveries/delivery-bits";
import { DELIVERY_STATUSES, useDeliveries, useResend } from "../features/deliveries/queries";
import { EndpointStatusBadge } from "../features/endpoints/endpoint-bits";
import { useDeleteEndpoint, useEndpoint, useEndpointAction, type EndpointAction } from "../features/endpoints/queries";
import { RecoverDialog } from "../features/endpoints/recover-dialog";
import { RotateDialog } from "../features/endpoints/rotate-dialog";
import { useMayWrite } from "../features/session/session";
import { filtersFrom, queryOf } from "../lib/filters";
import { duration } from "../lib/time";
import { useStrings, useWords } from "../strings";

export default function EndpointPage({ id }: { id: string }) {
  const t = useStrings();
  const endpoint = useEndpoint(id);
  const action = useEndpointAction(id);
  const notify = useNotify();
  const mayWrite = useMayWrite();
  const [recovering, setRecovering] = useState(false);
  const [rotating, setRotating] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const act = (name: EndpointAction, said: string): void => action.mutate(name, { onSuccess: () => notify(said) });
  return (
    <>
      <PageHeader
        title={endpoint.data?.description || t.endpoints.one}
        up={{ to: "/endpoints", label: t.endpoints.title }}
        actions={
          mayWrite && endpoint.data && (
            <>
              <LinkButton to={`/endpoints/${id}/edit`}>{t.app.edit}</LinkButton>
              <Button busy={action.isPending} onClick={() => act("test", t.endpoints.testDone)}>
                {t.endpoints.test}
              </Button>
              <Button onClick={() => setRecovering(true)}>{t.endpoints.recover}</Button>
              {endpoint.data.status === "active" ? (
                <Button busy={action.isPending} onClick={() => act("pause", t.endpoints.pausedDone)}>
                  {t.endpoints.pause}
                </Button>
              ) : (
                <Button look="primary" busy={action.isPending} onClick={() => act("resume", t.endpoints.resumedDone)}>
                  {t.endpoints.resume}
                </Button>
              )}
              <ActionMenu
                actions={[
                  { label: t.rotate.open, onSelect: () => setRotating(true) },
                  { label: t.app.deleteAsk, onSelect: () => setDeleting(true), danger: true },
                ]}
              />
            </>
          )
        }
      >
        <CopyId id={id} whole />
      </PageHeader>
      {action.error && <ProblemBox error={action.error} />}
      <Answered query={endpoint}>{(endpoint) => <EndpointBody endpoint={endpoint} />}</Answered>
      {endpoint.data && <Deliveries endpoint={id} />}
      {recovering && <RecoverDialog endpoint={id} onClose={() => setRecovering(false)} />}
      {rotating && <RotateDialog endpoint={id} onClose={() => setRotating(false)} />}
      {deleting && <DeleteDialog id={id} onClose={() => setDeleting(false)} />}
    </>
  );
}

function DeleteDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const t = useStrings();
  const [, navigate] = useLocation();
  const remove = useDeleteEndpoint(id);
  const notify = useNotify();
  const confirm = (): void =>
    remove.mutate(undefined, {
      onSuccess: () => {
        notify(t.app.deleted);
        navigate("/endpoints");
      },
    });
  return (
    <ConfirmDialog title={t.endpoints.deleteTitle} confirm={t.app.delete} busy={remove.isPending} error={remove.error} onConfirm={confirm} onClose={onClose}>
      <p>{t.endpoints.deleteDetail}</p>
    </ConfirmDialog>
  );
}

function EndpointBody({ endpoint }: { endpoint: Endpoint & { has_token?: boolean } }) {
  const t = useStrings();
  const { language } = useWords();
  const mayWrite = useMayWrite();
  const list = (values: readonly string[] | null | undefined): string => values?.join(", ") ?? t.app.all;
  const yes = (value: boolean | null | undefined): string => (value ? t.endpoints.yes : t.endpoints.no);
  return (
    <>
      {!mayWrite && <p className="hint">{t.app.viewerOnly}</p>}
      {endpoint.status !== "active" && (
        <div className={`notice ${endpoint.status === "disabled" ? "notice-bad" : "notice-still"}`}>
          <div className="notice-text">
            <strong>{endpoint.status === "disabled" ? t.endpoints.disabled : t.endpoints.paused}</strong>
            <p>
              {endpoint.status_reason && `${endpoint.status_reason.replace(/^./, (first) => first.toUpperCase())}. `}
              {t.endpoints.heldDetail}
            </p>
          </div>
        </div>
      )}
      <Facts
        facts={[
          [t.endpoints.url, <span key="url" className="url">{endpoint.url}</span>],
          [t.endpoints.status, <EndpointStatusBadge key="status" status={endpoint.status} />],
          [t.endpoints.lastSuccess, endpoint.last_success_at ? <Time key="success" at={endpoint.last_success_at} exact /> : t.endpoints.never],
          [t.endpoints.format, t.endpoints.formats[endpoint.format ?? "universal"]],
          [t.endpoints.scope, t.endpoints.scopes[endpoint.scope ?? "subscriptions"]],
        ]}
      />
      <details className="more">
        <summary>{t.endpoints.settings}</summary>
        <Facts
          facts={[
            [t.endpoints.connection, endpoint.connection ?? t.endpoints.allConnections],
            endpoint.format === "agile" ? [t.endpoints.modules, endpoint.modules?.map((module) => t.endpoints.moduleNames[module]).join(", ") ?? t.app.all] : [t.endpoints.entities, list(endpoint.entities)],
            [t.endpoints.types, endpoint.types?.map((type) => t.deliveries.types[type]).join(", ") ?? t.app.all],
            [t.endpoints.success, endpoint.success === "204" ? t.endpoints.success204 : t.endpoints.success2xx],
            [t.endpoints.coalesce, yes(endpoint.coalesce)],
            [t.endpoints.ownChanges, t.endpoints.own[endpoint.own_changes ?? "send"]],
            [t.endpoints.timeout, duration(endpoint.timeout_ms ?? 15_000, language)],
            [t.endpoints.retries, endpoint.retry_schedule ? t.endpoints.retriesOwn(endpoint.retry_schedule.length) : t.endpoints.retriesDefault],
            [t.endpoints.headers, Object.keys(endpoint.headers ?? {}).join(", ") || t.app.none],
            [t.endpoints.publicKey, endpoint.public_key ? <CopyId key="public" id={endpoint.public_key} whole /> : undefined],
            [t.endpoints.token, endpoint.has_token ? t.endpoints.hasToken : t.app.none],
            [t.endpoints.created, <Time key="created" at={endpoint.created_at} />],
          ]}
        />
      </details>
    </>
  );
}

function Deliveries({ endpoint }: { endpoint: string }) {
  const t = useStrings();
  const [path, navigate] = useLocation();
  const { status, cursor } = filtersFrom(useSearch(), ["status", "cursor"], { status: DELIVERY_STATUSES });
  const deliveries = useDeliveries({ endpoint, ...(status ? { status } : {}), ...(cursor ? { cursor } : {}) });
  const resend = useResend();
  const notify = useNotify();
  const mayWrite = useMayWrite();
  const send = (delivery: Delivery): void => resend.mutate(delivery.id, { onSuccess: () => notify(t.deliveries.resendDone) });
  const options: [DeliveryStatus | "", string][] = [["", t.app.all], ...DELIVERY_STATUSES.map((value): [DeliveryStatus, string] => [value, t.deliveries.statuses[value]])];
  return (
    <Section title={t.endpoints.deliveries}>
      <Choice
        label={t.deliveries.statusFilter}
        value={(status ?? "") as DeliveryStatus | ""}
        options={options}
        onChange={(next) => navigate(path + queryOf({ status: next }), { replace: true })}
      />
      {resend.error && <ProblemBox error={resend.error} />}
      <Answered query={deliveries}>
        {({ deliveries: list, page }) => (
          <>
            {list.length > 0 ? (
              <DeliveryTable deliveries={list} {...(mayWrite ? { onResend: send } : {})} />
            ) : page.has_more ? (
              <p className="muted">{t.app.pageEmpty}</p>
            ) : (
              <Empty title={status ? t.deliveries.emptyFiltered : t.deliveries.empty}>
                <p>{status ? t.deliveries.emptyFilteredDetail : t.deliveries.emptyDetail}</p>
              </Empty>
            )}
            <Pager
              newest={cursor ? path + queryOf({ status }) : null}
              older={page.has_more && page.next ? path + queryOf({ status, cursor: page.next }) : null}
            />
          </>
        )}
      </Answered>
    </Section>
  );
}
