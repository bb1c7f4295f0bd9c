import { Link, useLocation, useSearch } from "wouter";
import type { Call } from "../api/client";
import { Choice } from "../components/bits";
import { Listing } from "../components/listing";
import { Empty } from "../components/states";
import { Cell, Row, Table } from "../components/table";
import { Time } from "../components/time";
import { AnswerStatus } from "../features/deliveries/delivery-bits";
import { FunctionHeader } from "../features/functions/function-bits";
import { useCalls, useFunction } from "../features/functions/queries";
import { filtersFrom, queryOf } from "../lib/filters";
import { shorten } from "../lib/text";
import { duration } from "../lib/time";
import { useStrings, useWords } from "../strings";

export default function FunctionCallsPage({ name }: { name: string }) {
  const t = useStrings();
  const [path, navigate] = useLocation();
  const { failed, cursor } = filtersFrom(useSearch(), ["failed", "cursor"], { failed: ["true"] });
  const found = useFunction(name);
  const calls = useCalls(name, failed === "true", cursor);
  return (
    <>
      <FunctionHeader name={name} of={found.data} path={path} />
      <Choice
        label={t.functions.callsShown}
        value={failed ?? ""}
        options={[
          ["", t.app.all],
          ["true", t.functions.failedOnly],
        ]}
        onChange={(value) => navigate(path + queryOf({ failed: value }), { replace: true })}
      />
      <Listing
        query={calls}
        items={(answer) => answer.calls}
        path={path}
        filters={{ failed }}
        cursor={cursor}
        empty={
          <Empty title={failed ? t.functions.noFailed : t.functions.noCalls}>
            <p>{t.functions.noCallsDetail}</p>
          </Empty>
        }
      >
        {(list) => <CallTable name={name} calls={list} />}
      </Listing>
    </>
  );
}

function CallTable({ name, calls }: { name: string; calls: readonly Call[] }) {
  const t = useStrings();
  const { language } = useWords();
  return (
    <Table
      label={t.functions.calls}
      columns={[
        { key: "received", label: t.functions.when },
        { key: "answer", label: t.functions.answer },
        { key: "version", label: t.functions.version },
        { key: "duration", label: t.functions.duration },
        { key: "by", label: t.functions.by },
        { key: "outcome", label: t.events.outcome },
      ]}
    >
      {calls.map((call) => (
        <Row key={call.id}>
          <Cell column="received">
            <Link href={`/functions/${name}/calls/${call.id}`} className="row-link">
              <Time at={call.at} />
            </Link>
          </Cell>
          <Cell column="answer" label={t.functions.answer}>
            <AnswerStatus status={call.status} />
          </Cell>
          <Cell column="version" label={t.functions.version}>
            {call.version}
          </Cell>
          <Cell column="duration" label={t.functions.duration}>
            {duration(call.duration_ms, language)}
          </Cell>
          <Cell column="by" label={t.functions.by}>
            {call.event === null ? call.method : t.functions.bySource}
          </Cell>
          <Cell column="outcome" label={t.events.outcome}>
            {call.error ? <span className="error-text">{shorten(`${call.error.name}: ${call.error.message}`, 120)}</span> : <span className="muted">{t.functions.ok}</span>}
          </Cell>
        </Row>
      ))}
    </Table>
  );
}
