import { useState } from "react";
import { useLocation, useSearch } from "wouter";
import type { BinRequest } from "../api/client";
import { CodeBox, PageHeader, Section } from "../components/bits";
import { Button } from "../components/button";
import { ConfirmDialog } from "../components/confirm";
import { Listing } from "../components/listing";
import { useNotify } from "../components/notify";
import { Empty } from "../components/states";
import { Time } from "../components/time";
import { useBinRequests, useBins, useDeleteBin } from "../features/bins/queries";
import { useMayWrite } from "../features/session/session";
import { filtersFrom } from "../lib/filters";
import { prettyJson, shortId } from "../lib/text";
import { useStrings } from "../strings";

export default function BinPage({ name }: { name: string }) {
  const t = useStrings();
  const [path] = useLocation();
  const { cursor } = filtersFrom(useSearch(), ["cursor"]);
  const requests = useBinRequests(name, cursor);
  // The API lists bins, and shows none alone.
  const bins = useBins(undefined, 200);
  const bin = bins.data?.bins.find((bin) => bin.name === name);
  const mayWrite = useMayWrite();
  const [deleting, setDeleting] = useState(false);
  return (
    <>
      <PageHeader
        title={bin?.label || shortId(name)}
        up={{ to: "/bins", label: t.bins.title }}
        actions={
          mayWrite && (
            <Button look="danger" onClick={() => setDeleting(true)}>
              {t.app.deleteAsk}
            </Button>
          )
        }
      >
        {bin && (
          <p className="muted">
            {t.bins.expires} <Time at={bin.expires_at} exact />
          </p>
        )}
      </PageHeader>
      {bin && (
        <Section title={t.sources.url}>
          <p className="hint">{t.bins.urlHint}</p>
          <CodeBox text={bin.url} label={t.sources.url} />
        </Section>
      )}
      <Section title={t.bins.requests} aside={!cursor && <span className="muted">{t.bins.live}</span>}>
        <Listing
          query={requests}
          items={(answer) => answer.requests}
          path={path}
          cursor={cursor}
          empty={
            <Empty title={t.bins.noRequests}>
              <p>{t.bins.noRequestsDetail}</p>
            </Empty>
          }
        >
          {(list) => (
            <ol className="attempts bin-requests">
              {list.map((request) => (
                <RequestItem key={request.number} request={request} />
              ))}
            </ol>
          )}
        </Listing>
      </Section>
      {deleting && <DeleteDialog name={name} onClose={() => setDeleting(false)} />}
    </>
  );
}

function RequestItem({ request }: { request: BinRequest }) {
  const t = useStrings();
  const headers = Object.entries(request.headers);
  const pretty = request.body_encoding === "text" ? prettyJson(request.body) : null;
  return (
    <li>
      <div className="attempt-head">
        <strong>{request.method}</strong>
        {request.query !== "" && <code>?{request.query}</code>}
        <span className="muted">
          <Time at={request.at} /> · {t.event.bytes(request.body_bytes)}
        </span>
      </div>
      {request.body_bytes > 0 && <CodeBox text={pretty ?? request.body} label={t.event.body} />}
      <details className="more">
        <summary>{t.bins.headers(headers.length)}</summary>
        <dl className="headers">
          {headers.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </details>
    </li>
  );
}

function DeleteDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const t = useStrings();
  const [, navigate] = useLocation();
  const remove = useDeleteBin(name);
  const notify = useNotify();
  const confirm = (): void =>
    remove.mutate(undefined, {
      onSuccess: () => {
        notify(t.app.deleted);
        navigate("/bins");
      },
    });
  return (
    <ConfirmDialog title={t.bins.deleteTitle} confirm={t.app.delete} busy={remove.isPending} error={remove.error} onConfirm={confirm} onClose={onClose}>
      <p>{t.bins.deleteDetail}</p>
    </ConfirmDialog>
  );
}
