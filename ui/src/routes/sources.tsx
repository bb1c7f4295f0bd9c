import { Link, useSearch } from "wouter";
import type { Source } from "../api/client";
import { PageHeader } from "../components/bits";
import { LinkButton } from "../components/button";
import { Listing } from "../components/listing";
import { Empty } from "../components/states";
import { Cell, Row, Table } from "../components/table";
import { Time } from "../components/time";
import { useSourceList } from "../features/sources/queries";
import { useMayWrite } from "../features/session/session";
import { filtersFrom } from "../lib/filters";
import { useStrings } from "../strings";

export default function SourcesPage() {
  const t = useStrings();
  const { cursor } = filtersFrom(useSearch(), ["cursor"]);
  const sources = useSourceList(cursor);
  const mayWrite = useMayWrite();
  const create = mayWrite && (
    <LinkButton to="/sources/new" look="primary">
      {t.sources.create}
    </LinkButton>
  );
  return (
    <>
      <PageHeader title={t.sources.title} actions={create}>
        <p className="muted">{t.sources.about}</p>
      </PageHeader>
      <Listing
        query={sources}
        items={(answer) => answer.sources}
        path="/sources"
        cursor={cursor}
        empty={
          <Empty title={t.sources.empty} action={create}>
            <p>{t.sources.emptyDetail}</p>
          </Empty>
        }
      >
        {(list) => <SourceTable sources={list} />}
      </Listing>
    </>
  );
}

function SourceTable({ sources }: { sources: readonly Source[] }) {
  const t = useStrings();
  return (
    <Table
      label={t.sources.title}
      columns={[
        { key: "name", label: t.sources.name },
        { key: "connection", label: t.sources.connection },
        { key: "becomes", label: t.sources.becomes },
        { key: "verify", label: t.sources.verify },
        { key: "updated", label: t.app.updated },
      ]}
    >
      {sources.map((source) => (
        <Row key={source.id}>
          <Cell column="name">
            <Link href={`/sources/${source.id}`} className="row-link">
              {source.name}
            </Link>
          </Cell>
          <Cell column="connection" label={t.sources.connection}>
            {source.connection}
          </Cell>
          <Cell column="becomes" label={t.sources.becomes}>
            <Becomes source={source} />
          </Cell>
          <Cell column="verify" label={t.sources.verify}>
            {source.verify ? (source.verify.sender ?? t.sources.ownScheme) : <span className="muted">{t.sources.verifies.none}</span>}
          </Cell>
          <Cell column="updated" label={t.app.updated}>
            <Time at={source.updated_at} />
          </Cell>
        </Row>
      ))}
    </Table>
  );
}

/** In a word, what is made of a post. */
function Becomes({ source }: { source: Source }) {
  const t = useStrings();
  if (!source.create_records) return <span className="muted">{t.sources.storedOnly}</span>;
  if (source.function?.runs === "instead") return <>{t.sources.byFunction(source.function.name)}</>;
  if (source.mapping) return <span className="chip">{source.mapping.entity}</span>;
  return <span className="muted">{t.mapping.byNames}</span>;
}
