import { Link, useLocation, useSearch } from "wouter";
import { PageHeader } from "../components/bits";
import { LinkButton } from "../components/button";
import { Field, SettledInput } from "../components/field";
import { Listing } from "../components/listing";
import { Empty } from "../components/states";
import { Cell, Row, Table } from "../components/table";
import { Time } from "../components/time";
import { ConnectionStatusBadge, MappingState } from "../features/connections/connection-bits";
import { useConnectionList } from "../features/connections/queries";
import { useMayWrite } from "../features/session/session";
import { filtersFrom, queryOf } from "../lib/filters";
import { useStrings } from "../strings";

export default function ConnectionsPage() {
  const t = useStrings();
  const [, navigate] = useLocation();
  const { cursor, context } = filtersFrom(useSearch(), ["cursor", "context"]);
  const connections = useConnectionList({ ...(cursor ? { cursor } : {}), ...(context ? { context } : {}) });
  const mayWrite = useMayWrite();
  const create = mayWrite && (
    <LinkButton to="/connections/new" look="primary">
      {t.connections.create}
    </LinkButton>
  );
  return (
    <>
      <PageHeader title={t.connections.title} actions={create}>
        <p className="muted">{t.connections.about}</p>
      </PageHeader>
      <section className="filters" aria-label={t.app.filters}>
        <div className="filter-fields">
          <Field label={t.connections.context}>
            {(props) => <SettledInput {...props} type="search" value={context ?? ""} onSettled={(value) => navigate(`/connections${queryOf({ context: value })}`, { replace: true })} />}
          </Field>
        </div>
      </section>
      <Listing
        query={connections}
        items={(answer) => answer.connections}
        path="/connections"
        filters={{ context }}
        cursor={cursor}
        empty={
          <Empty title={context ? t.connections.emptyFiltered : t.connections.empty} action={!context && create}>
            <p>{context ? t.connections.emptyFilteredDetail : t.connections.emptyDetail}</p>
          </Empty>
        }
      >
        {(list) => (
          <Table
            label={t.connections.title}
            columns={[
              { key: "name", label: t.connections.id },
              { key: "status", label: t.connections.status },
              { key: "context", label: t.connections.context },
              { key: "connector", label: t.connections.connector },
              { key: "mapping", label: t.mapping.title },
              { key: "updated", label: t.app.updated },
            ]}
          >
            {list.map((connection) => (
              <Row key={connection.id}>
                <Cell column="name">
                  <Link href={`/connections/${encodeURIComponent(connection.id)}`} className="row-link url">
                    {connection.id}
                  </Link>
                </Cell>
                <Cell column="status">
                  <ConnectionStatusBadge connection={connection} />
                </Cell>
                <Cell column="context" label={t.connections.context}>
                  <span className="url">{connection.context}</span>
                </Cell>
                <Cell column="connector" label={t.connections.connector}>
                  {connection.connector}
                </Cell>
                <Cell column="mapping" label={t.mapping.title}>
                  <MappingState connection={connection} />
                </Cell>
                <Cell column="updated" label={t.app.updated}>
                  <Time at={connection.updated_at} />
                </Cell>
              </Row>
            ))}
          </Table>
        )}
      </Listing>
    </>
  );
}
