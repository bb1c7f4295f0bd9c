import { Link, useLocation, useSearch } from "wouter";
import type { Subscription } from "../api/client";
import { PageHeader } from "../components/bits";
import { Field, SettledInput } from "../components/field";
import { Listing } from "../components/listing";
import { Empty } from "../components/states";
import { Cell, Row, Table } from "../components/table";
import { Time } from "../components/time";
import { ConnectionField } from "../features/connections/connection-field";
import { recordPath } from "../features/records/path";
import { SUBSCRIPTION_FILTERS, useSubscriptions } from "../features/subscriptions/queries";
import { filtersFrom, queryOf } from "../lib/filters";
import { useStrings } from "../strings";

export default function SubscriptionsPage() {
  const t = useStrings();
  const [, navigate] = useLocation();
  const filters = filtersFrom(useSearch(), SUBSCRIPTION_FILTERS);
  const { cursor, ...matching } = filters;
  const subscriptions = useSubscriptions(filters);
  const set = (part: typeof matching): void => navigate(`/subscriptions${queryOf({ ...matching, ...part })}`, { replace: true });
  const isFiltered = queryOf(matching) !== "";
  return (
    <>
      <PageHeader title={t.subscriptions.title}>
        <p className="muted">{t.subscriptions.about}</p>
      </PageHeader>
      <section className="filters" aria-label={t.app.filters}>
        <div className="filter-fields">
          <ConnectionField label={t.endpoints.connection} none={t.endpoints.allConnections} value={filters.connection ?? ""} onChange={(connection) => set({ connection })} />
          <Field label={t.subscriptions.object}>
            {(props) => <SettledInput {...props} type="search" value={filters.object ?? ""} onSettled={(object) => set({ object })} />}
          </Field>
        </div>
      </section>
      <Listing
        query={subscriptions}
        items={(answer) => answer.subscriptions}
        path="/subscriptions"
        filters={matching}
        cursor={cursor}
        empty={
          <Empty title={isFiltered ? t.subscriptions.emptyFiltered : t.subscriptions.empty}>
            <p>{isFiltered ? t.records.emptyFilteredDetail : t.subscriptions.emptyDetail}</p>
          </Empty>
        }
      >
        {(list) => (
          <Table
            label={t.subscriptions.title}
            columns={[
              { key: "name", label: t.subscriptions.object },
              { key: "about", label: t.subscriptions.follows },
              { key: "connection", label: t.endpoints.connection },
              { key: "made", label: t.app.created },
            ]}
          >
            {list.map((subscription) => (
              <Row key={subscription.id}>
                <Cell column="name">{subscription.object}</Cell>
                <Cell column="about" label={t.subscriptions.follows}>
                  <Followed subscription={subscription} />
                </Cell>
                <Cell column="connection" label={t.endpoints.connection}>
                  <Link href={`/connections/${encodeURIComponent(subscription.connection)}`}>{subscription.connection}</Link>
                </Cell>
                <Cell column="made" label={t.app.created}>
                  <Time at={subscription.created_at} />
                </Cell>
              </Row>
            ))}
          </Table>
        )}
      </Listing>
    </>
  );
}

/** One record, or what a search finds with its payload. */
function Followed({ subscription }: { subscription: Subscription }) {
  const t = useStrings();
  const { connection, record_id: record, event, payload } = subscription;
  if (record) {
    const [entity = "", id = ""] = record.split(/:(.*)/s);
    return (
      <Link href={recordPath(connection, entity, id)} className="url">
        {record}
      </Link>
    );
  }
  const members = Object.keys(payload ?? {}).length;
  return (
    <span className="outcome">
      <span>
        {t.subscriptions.search} <code>{event}</code>
      </span>
      {members > 0 && <code className="muted url">{JSON.stringify(payload)}</code>}
    </span>
  );
}
