import { useState } from "react";
import { Link } from "wouter";
import type { InboundEventDetail, Source } from "../api/client";
import { Choice, CodeBox, Facts, PageHeader, Section } from "../components/bits";
import { Button } from "../components/button";
import { CopyId } from "../components/copy";
import { Marked } from "../components/marked";
import { Answered, ProblemBox } from "../components/states";
import { Time } from "../components/time";
import { EventStatusBadge, SourceName, Warnings, adviceFor } from "../features/events/event-bits";
import { useEvent, useRecord, useSources } from "../features/events/queries";
import { ReplayDialog } from "../features/events/replay-dialog";
import { recordPath } from "../features/records/path";
import { useMayWrite } from "../features/session/session";
import { asProblem } from "../api/problem";
import { prettyJson, valueText } from "../lib/text";
import { useStrings } from "../strings";

export default function EventPage({ id }: { id: string }) {
  const t = useStrings();
  const event = useEvent(id);
  const sources = useSources();
  const mayWrite = useMayWrite();
  const [replaying, setReplaying] = useState(false);
  return (
    <>
      <PageHeader
        title={t.events.one}
        up={{ to: "/events", label: t.events.title }}
        actions={
          mayWrite && event.data && (
            <Button look="primary" onClick={() => setReplaying(true)}>
              {t.events.replay}
            </Button>
          )
        }
      >
        <CopyId id={id} whole />
      </PageHeader>
      <Answered query={event} lines={10}>
        {(event) => <EventBody event={event} sources={sources.data} />}
      </Answered>
      {replaying && <ReplayDialog which={{ ids: [id] }} onClose={() => setReplaying(false)} />}
    </>
  );
}

function EventBody({ event, sources }: { event: InboundEventDetail; sources: readonly Source[] | undefined }) {
  const t = useStrings();
  const mayWrite = useMayWrite();
  const source = sources?.find(({ id }) => id === event.source);
  const headers = Object.entries(event.headers);
  return (
    <>
      {!mayWrite && <p className="hint">{t.app.viewerOnly}</p>}
      <Facts
        facts={[
          [t.events.status, <EventStatusBadge key="status" status={event.status} />],
          [t.events.received, <Time key="received" at={event.received_at} exact />],
          [t.events.source, <span key="source" className="with-id"><Link href={`/sources/${event.source}`}><SourceName id={event.source} sources={sources} /></Link> <CopyId id={event.source} /></span>],
          [t.event.contentType, event.content_type === null ? <span className="muted">{t.event.noContentType}</span> : <code key="type">{event.content_type}</code>],
        ]}
      />
      {event.error !== null && (
        <Section title={t.event.error}>
          <div className="notice notice-bad">
            <div className="notice-text">
              <strong>
                <Marked text={event.error} />
              </strong>
              <p>{t.event.advice[adviceFor(event.error)]}</p>
            </div>
          </div>
        </Section>
      )}
      {event.error === null && (
        <Section title={t.event.became}>
          {event.records.length === 0 ? (
            <p className="muted">{event.status === "done" ? t.event.none : t.event.waiting}</p>
          ) : (
            <ul className="records">
              {event.records.map((record) => (
                <RecordItem key={`${record.item} ${record.id}`} record={record} many={event.records.length > 1} connection={source?.connection} />
              ))}
            </ul>
          )}
        </Section>
      )}
      {event.warnings.length > 0 && (
        <Section title={t.event.warnings}>
          <p className="hint">{t.event.warningsDetail}</p>
          <Warnings warnings={event.warnings} />
        </Section>
      )}
      <Section title={t.event.body} aside={<span className="muted">{t.event.bytes(event.body_bytes)}</span>}>
        <Body event={event} />
      </Section>
      {event.query !== "" && (
        <Section title={t.event.query}>
          <CodeBox text={event.query} label={t.event.query} />
        </Section>
      )}
      <Section title={t.event.headers}>
        <dl className="headers">
          {headers.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </Section>
    </>
  );
}

interface RecordProps {
  record: InboundEventDetail["records"][number];
  many: boolean;
  connection: string | undefined;
}

function RecordItem({ record, many, connection }: RecordProps) {
  const t = useStrings();
  const [open, setOpen] = useState(false);
  return (
    <li>
      <div className="record-head">
        <strong>{record.entity}</strong>
        <CopyId id={record.id} whole />
        {many && <span className="muted">{t.event.item(record.item)}</span>}
        {connection && (
          <>
            <Button look="quiet" className="button-small" aria-expanded={open} onClick={() => setOpen(!open)}>
              {t.event.showRecord}
            </Button>
            <Link href={recordPath(connection, record.entity, record.id)}>{t.event.openRecord}</Link>
          </>
        )}
      </div>
      {open && <RecordData connection={connection} entity={record.entity} id={record.id} />}
    </li>
  );
}

function RecordData({ connection, entity, id }: { connection: string | undefined; entity: string; id: string }) {
  const t = useStrings();
  const record = useRecord(connection, entity, id);
  if (record.error && asProblem(record.error).status === 404) return <ProblemBox error={record.error} title={t.event.recordGone} />;
  return (
    <Answered query={record} lines={4}>
      {({ data }) => {
        const columns = Object.entries((data ?? {}));
        const filled = columns.flatMap(([name, value]) => {
          const text = valueText(value);
          return text === null ? [] : [[name, text] as const];
        });
        return (
          <>
            <dl className="headers">
              {filled.map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
            <p className="hint">{t.event.columnsEmpty(columns.length - filled.length)}</p>
          </>
        );
      }}
    </Answered>
  );
}

function Body({ event }: { event: InboundEventDetail }) {
  const t = useStrings();
  const [raw, setRaw] = useState(false);
  const pretty = event.body_encoding === "text" ? prettyJson(event.body) : null;
  if (event.body_bytes === 0) return <p className="muted">{t.event.bodyEmpty}</p>;
  return (
    <>
      {event.body_encoding === "base64" && <p className="hint">{t.event.base64}</p>}
      <CodeBox
        long
        label={t.event.body}
        text={raw || pretty === null ? event.body : pretty}
        aside={
          pretty !== null && (
            <Choice
              label={t.event.shown}
              value={raw ? "raw" : "pretty"}
              options={[
                ["pretty", t.event.pretty],
                ["raw", t.event.raw],
              ]}
              onChange={(value) => setRaw(value === "raw")}
            />
          )
        }
      />
    </>
  );
}
