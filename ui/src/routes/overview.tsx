import { lazy, Suspense, useState } from "react";
import { Link } from "wouter";
import { CodeBox, PageHeader, Section } from "../components/bits";
import { Answered, Loading, ProblemBox } from "../components/states";
import { Icon } from "../components/icon";
import { DeliveryTable } from "../features/deliveries/delivery-bits";
import { useDeliveries } from "../features/deliveries/queries";
import { EndpointTable } from "../features/endpoints/endpoint-bits";
import { useEndpoints } from "../features/endpoints/queries";
import { useEvents, useSources } from "../features/events/queries";
import { useMayWrite } from "../features/session/session";
import { queryOf } from "../lib/filters";
import { useStrings } from "../strings";
import { EventTable } from "./events";

const Activity = lazy(() => import("../features/statistics/activity"));

const DAY_MS = 86_400_000;
// The API has no counts of what is pending; a page tells up to this many, and "100+" beyond.
const COUNTED = 100;
const SHOWN = 5;

export default function OverviewPage() {
  const t = useStrings();
  const latest = useEvents({}, 1);
  const sources = useSources();
  const endpoints = useEndpoints(undefined, 1);
  const first = {
    data: latest.data && sources.data && endpoints.data ? [latest.data, sources.data, endpoints.data] as const : undefined,
    error: latest.error ?? sources.error ?? endpoints.error,
    refetch: () => Promise.all([latest.refetch(), sources.refetch(), endpoints.refetch()]),
  };
  return (
    <>
      <PageHeader title={t.overview.title} />
      <Answered query={first}>
        {([events, sources, endpoints]) =>
          events.inbound_events.length === 0 && !events.page.has_more && endpoints.endpoints.length === 0 ? <FirstSteps hasSource={sources.length > 0} /> : <Filled />
        }
      </Answered>
    </>
  );
}

function Filled() {
  const t = useStrings();
  // To the minute, so that the address stays one while the page is open.
  const [since] = useState(() => new Date(Math.floor((Date.now() - DAY_MS) / 60_000) * 60_000).toISOString());
  const failed = useEvents({ status: "failed", since }, COUNTED);
  const endpoints = useEndpoints(undefined, 200);
  const dead = useDeliveries({ status: "dead" }, SHOWN);
  const sources = useSources();
  const all = {
    data: failed.data && endpoints.data && dead.data ? { failed: failed.data, endpoints: endpoints.data, dead: dead.data } : undefined,
    error: failed.error ?? endpoints.error ?? dead.error,
    refetch: () => Promise.all([failed.refetch(), endpoints.refetch(), dead.refetch()]),
  };
  return (
    <>
      <Answered query={all}>
        {({ failed, endpoints, dead }) => {
          const silent = endpoints.endpoints.filter(({ status }) => status !== "active");
          const events = failed.inbound_events;
          const well = events.length === 0 && silent.length === 0 && dead.deliveries.length === 0;
          if (well)
            return (
              <div className="notice notice-good">
                <Icon name="check" />
                <div className="notice-text">
                  <strong>{t.overview.allWell}</strong>
                  <p>{t.overview.allWellDetail}</p>
                </div>
              </div>
            );
          return (
            <>
              {events.length > 0 && (
                <Section
                  title={t.overview.failedTitle}
                  aside={
                    <>
                      <span className="muted">{t.overview.failed(failed.page.has_more ? t.app.atLeast(COUNTED) : String(events.length))}</span>
                      <Link href={`/events${queryOf({ status: "failed", since })}`}>{t.overview.seeAll}</Link>
                    </>
                  }
                >
                  <EventTable events={events.slice(0, SHOWN)} sources={sources.data} />
                </Section>
              )}
              {silent.length > 0 && (
                <Section title={t.overview.endpoints} aside={<Link href="/endpoints">{t.overview.seeAll}</Link>}>
                  <EndpointTable endpoints={silent.slice(0, SHOWN)} />
                </Section>
              )}
              {dead.deliveries.length > 0 && (
                <Section title={t.overview.dead} aside={<Link href="/deliveries?status=dead">{t.overview.seeAll}</Link>}>
                  <p className="hint">{t.overview.deadDetail}</p>
                  <DeliveryTable deliveries={dead.deliveries} />
                </Section>
              )}
            </>
          );
        }}
      </Answered>
      <Pending />
      <Suspense fallback={<Loading lines={8} />}>
        <Activity />
      </Suspense>
    </>
  );
}

function Pending() {
  const t = useStrings();
  const news = useEvents({ status: "new" }, COUNTED);
  const processing = useEvents({ status: "processing" }, COUNTED);
  const pending = useDeliveries({ status: "pending" }, COUNTED);
  const held = useDeliveries({ status: "held" }, COUNTED);
  const error = news.error ?? processing.error ?? pending.error ?? held.error;
  const count = (list: readonly unknown[] | undefined, more: boolean | undefined): string =>
    list === undefined ? "–" : more ? t.app.atLeast(COUNTED) : String(list.length);
  const cards = [
    { key: "new", value: count(news.data?.inbound_events, news.data?.page.has_more), to: "/events?status=new" },
    { key: "processing", value: count(processing.data?.inbound_events, processing.data?.page.has_more), to: "/events?status=processing" },
    { key: "pending", value: count(pending.data?.deliveries, pending.data?.page.has_more), to: "/deliveries?status=pending" },
    { key: "held", value: count(held.data?.deliveries, held.data?.page.has_more), to: "/deliveries?status=held" },
  ] as const;
  return (
    <Section title={t.overview.pending}>
      {error && <ProblemBox error={error} onRetry={() => void Promise.all([news, processing, pending, held].map((query) => query.refetch()))} />}
      <dl className="counts">
        {cards.map(({ key, value, to }) => (
          <div key={key}>
            <dt>
              <Link href={to}>{t.overview.counts[key]}</Link>
            </dt>
            <dd>
              <span className="count">{value}</span> <span className="muted">{t.overview.countHints[key]}</span>
            </dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}

function FirstSteps({ hasSource }: { hasSource: boolean }) {
  const t = useStrings();
  const steps = t.overview.steps;
  const mayWrite = useMayWrite();
  const lines = [
    [steps.connection, steps.connectionDetail, "/connections/new", t.connections.create, `KEY=publishable:secret\ncurl -su $KEY -X PUT ${location.origin}/api/v1/connections/acme-crm \\\n  --json '{"context":"acme","connector":"native"}'`],
    [steps.source, steps.sourceDetail, "/sources/new", t.sources.create, `SOURCE=$(curl -su $KEY ${location.origin}/api/v1/sources \\\n  --json '{"name":"landing page","connection":"acme-crm"}' \\\n  | jq -r .source.url)`],
    [steps.post, steps.postDetail, null, null, `curl -s $SOURCE \\\n  --json '{"EntityName":"Lead","Contact":"Ada Lovelace","Email":"ada@example.com"}'`],
  ] as const;
  return (
    <div className="first-steps">
      <h2>{t.overview.start}</h2>
      <p className="muted">{t.overview.startDetail}</p>
      <ol>
        {lines.map(([title, detail, page, label, code], index) => (
          <li key={title} data-done={hasSource && index < 2}>
            <h3>{title}</h3>
            <p>{detail}</p>
            <CodeBox text={code} label={title} />
            {page && mayWrite && (
              <p>
                {t.overview.orHere} <Link href={page}>{label}</Link>
              </p>
            )}
          </li>
        ))}
      </ol>
      <p className="muted">{t.overview.waiting}</p>
    </div>
  );
}
