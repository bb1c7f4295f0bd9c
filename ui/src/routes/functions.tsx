import { Link, useSearch } from "wouter";
import { PageHeader } from "../components/bits";
import { LinkButton } from "../components/button";
import { Listing } from "../components/listing";
import { Empty } from "../components/states";
import { Cell, Row, Table } from "../components/table";
import { Time } from "../components/time";
import { PublishedBadge } from "../features/functions/function-bits";
import { useFunctionList } from "../features/functions/queries";
import { useMayWrite } from "../features/session/session";
import { filtersFrom } from "../lib/filters";
import { useStrings } from "../strings";

export default function FunctionsPage() {
  const t = useStrings();
  const { cursor } = filtersFrom(useSearch(), ["cursor"]);
  const functions = useFunctionList(cursor);
  const mayWrite = useMayWrite();
  const create = mayWrite && (
    <LinkButton to="/functions/new" look="primary">
      {t.functions.create}
    </LinkButton>
  );
  return (
    <>
      <PageHeader title={t.functions.title} actions={create}>
        <p className="muted">{t.functions.about}</p>
      </PageHeader>
      <Listing
        query={functions}
        items={(answer) => answer.functions}
        path="/functions"
        cursor={cursor}
        empty={
          <Empty title={t.functions.empty} action={create}>
            <p>{t.functions.emptyDetail}</p>
          </Empty>
        }
      >
        {(list) => (
          <Table
            label={t.functions.title}
            columns={[
              { key: "name", label: t.functions.name },
              { key: "status", label: t.functions.state },
              { key: "url", label: t.functions.byUrl },
              { key: "connection", label: t.sources.connection },
              { key: "updated", label: t.app.updated },
            ]}
          >
            {list.map((item) => (
              <Row key={item.id}>
                <Cell column="name">
                  <Link href={`/functions/${item.name}`} className="row-link">
                    {item.name}
                  </Link>
                </Cell>
                <Cell column="status">
                  <PublishedBadge of={item} />
                </Cell>
                <Cell column="value" label={t.functions.byUrl}>
                  {item.rest_api ? t.endpoints.yes : <span className="muted">{t.endpoints.no}</span>}
                </Cell>
                <Cell column="connection" label={t.sources.connection}>
                  {item.connection ?? <span className="muted">{t.app.none}</span>}
                </Cell>
                <Cell column="updated" label={t.app.updated}>
                  <Time at={item.updated_at} />
                </Cell>
              </Row>
            ))}
          </Table>
        )}
      </Listing>
    </>
  );
}
