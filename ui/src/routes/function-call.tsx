import { Link } from "wouter";
import { Facts, PageHeader } from "../components/bits";
import { CopyId } from "../components/copy";
import { Answered } from "../components/states";
import { Time } from "../components/time";
import { AnswerStatus } from "../features/deliveries/delivery-bits";
import { CallErrorText, CallInside } from "../features/functions/function-bits";
import { useCall } from "../features/functions/queries";
import { duration } from "../lib/time";
import { useStrings, useWords } from "../strings";

export default function FunctionCallPage({ name, id }: { name: string; id: string }) {
  const t = useStrings();
  const { language } = useWords();
  const call = useCall(name, id);
  return (
    <>
      <PageHeader title={t.functions.callOf(name)} up={{ to: `/functions/${name}/calls`, label: t.functions.calls }}>
        <CopyId id={id} whole />
      </PageHeader>
      <Answered query={call} lines={8}>
        {(call) => (
          <>
            {call.error && (
              <div className="notice notice-bad">
                <div className="notice-text">
                  <CallErrorText error={call.error} />
                </div>
              </div>
            )}
            <Facts
              facts={[
                [t.functions.when, <Time key="at" at={call.at} exact />],
                [t.functions.answer, <AnswerStatus key="status" status={call.status} />],
                [t.functions.version, call.version],
                [t.functions.duration, duration(call.duration_ms, language)],
                [t.functions.method, call.method],
                [t.events.one, call.event === null ? undefined : <Link key="event" href={`/events/${call.event}`}>{call.event}</Link>],
              ]}
            />
            <CallInside logs={call.logs} cut={call.logs_cut} hostCalls={call.host_calls} />
          </>
        )}
      </Answered>
    </>
  );
}
