import { useSearch } from "wouter";
import { PageHeader } from "../components/bits";
import { LinkButton } from "../components/button";
import { Listing } from "../components/listing";
import { Empty } from "../components/states";
import { EndpointTable } from "../features/endpoints/endpoint-bits";
import { useEndpoints } from "../features/endpoints/queries";
import { useMayWrite } from "../features/session/session";
import { filtersFrom } from "../lib/filters";
import { useStrings } from "../strings";

export default function EndpointsPage() {
  const t = useStrings();
  const { cursor } = filtersFrom(useSearch(), ["cursor"]);
  const endpoints = useEndpoints(cursor);
  const mayWrite = useMayWrite();
  const create = mayWrite && (
    <LinkButton to="/endpoints/new" look="primary">
      {t.endpoints.create}
    </LinkButton>
  );
  return (
    <>
      <PageHeader title={t.endpoints.title} actions={create}>
        <p className="muted">{t.endpoints.about}</p>
      </PageHeader>
      <Listing
        query={endpoints}
        items={(answer) => answer.endpoints}
        path="/endpoints"
        cursor={cursor}
        empty={
          <Empty title={t.endpoints.empty} action={create}>
            <p>{t.endpoints.emptyDetail}</p>
          </Empty>
        }
      >
        {(list) => <EndpointTable endpoints={list} />}
      </Listing>
    </>
  );
}
