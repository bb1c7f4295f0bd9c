import type { CallError, HostCall, HubFunction } from "../../api/client";
import { Badge, PageHeader } from "../../components/bits";
import { CopyId } from "../../components/copy";
import { Cell, Row, Table } from "../../components/table";
import { Tabs } from "../../components/tabs";
import { duration } from "../../lib/time";
import { useStrings, useWords } from "../../strings";

/** Whether callers get what the newest version does. */
export function PublishedBadge({ of }: { of: HubFunction }) {
  const t = useStrings();
  if (of.published_version === null) return <Badge tone="still">{t.functions.unpublished}</Badge>;
  if (of.published_version === of.draft_version) return <Badge tone="good">{t.functions.published}</Badge>;
  return <Badge tone="wait">{t.functions.draftAhead(of.draft_version, of.published_version)}</Badge>;
}

export function FunctionHeader({ name, of, path, actions }: { name: string; of: HubFunction | undefined; path: string; actions?: React.ReactNode }) {
  const t = useStrings();
  const here = `/functions/${name}`;
  return (
    <>
      <PageHeader title={name} up={{ to: "/functions", label: t.functions.title }} actions={actions}>
        {of && (
          <span className="with-id">
            <PublishedBadge of={of} />
            <CopyId id={of.id} />
          </span>
        )}
      </PageHeader>
      <Tabs
        label={name}
        current={path}
        tabs={[
          { to: here, label: t.functions.code },
          { to: `${here}/versions`, label: t.functions.versions },
          { to: `${here}/calls`, label: t.functions.calls },
        ]}
      />
    </>
  );
}

export function CallErrorText({ error }: { error: CallError }) {
  const t = useStrings();
  return (
    <p className="error-text">
      <code className="error-text">
        {error.name}: {error.message}
      </code>
      {error.line !== null && ` · ${t.functions.at(error.line, error.column ?? 1)}`}
    </p>
  );
}

/** What the script wrote and asked for. */
export function CallInside({ logs, cut, hostCalls }: { logs: readonly string[]; cut: boolean; hostCalls: readonly HostCall[] }) {
  const t = useStrings();
  const { language } = useWords();
  return (
    <>
      <h3>{t.functions.logs}</h3>
      {logs.length === 0 ? (
        <p className="muted">{t.functions.noLogs}</p>
      ) : (
        <pre className="log-lines" tabIndex={0} role="group" aria-label={t.functions.logs}>
          {logs.join("\n")}
        </pre>
      )}
      {cut && <p className="hint">{t.functions.logsCut}</p>}
      <h3>{t.functions.hostCalls}</h3>
      {hostCalls.length === 0 ? (
        <p className="muted">{t.functions.noHostCalls}</p>
      ) : (
        <Table
          label={t.functions.hostCalls}
          columns={[
            { key: "name", label: t.functions.call },
            { key: "duration", label: t.functions.duration },
            { key: "outcome", label: t.events.outcome },
          ]}
        >
          {hostCalls.map((call, index) => (
            // They have no ids, and their order is fixed.
            <Row key={index}>
              <Cell column="name">
                <code>{call.name}</code>
              </Cell>
              <Cell column="duration" label={t.functions.duration}>
                {duration(call.duration_ms, language)}
              </Cell>
              <Cell column="outcome" label={t.events.outcome}>
                {call.error === null ? <span className="muted">{t.functions.ok}</span> : <span className="error-text">{call.error}</span>}
              </Cell>
            </Row>
          ))}
        </Table>
      )}
    </>
  );
}
