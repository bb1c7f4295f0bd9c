import { useSearch } from "wouter";
import { CodeBox, PageHeader, Pager } from "../components/bits";
import { Answered, Empty } from "../components/states";
import { EndpointTable } from "../features/endpoints/endpoint-bits";
import { useEndpoints } from "../features/endpoints/queries";
import { filtersFrom, queryOf } from "../lib/filters";
import { useStrings } from "../strings";

export default function EndpointsPage() {
  const t = useStrings();
  const { cursor } = filtersFrom(useSearch(), ["cursor"]);
  const endpoints = useEndpoints(cursor);
  const command = `curl -su $KEY ${location.origin}/api/v1/endpoints \\\n  --json '{"url":"https://app.example/hooks","format":"standard","scope":"changes"}'`;
  return (
    <>
      <PageHeader title={t.endpoints.title} />
      <Answered query={endpoints}>
        {({ endpoints: list, page }) => (
          <>
            {list.length > 0 ? (
              <EndpointTable endpoints={list} />
            ) : page.has_more ? (
              <p className="muted">{t.app.pageEmpty}</p>
            ) : (
              <Empty title={t.endpoints.empty}>
                <p>{t.endpoints.emptyDetail}</p>
                <CodeBox text={command} label={t.endpoints.empty} />
              </Empty>
            )}
            <Pager newest={cursor ? "/endpoints" : null} older={page.has_more && page.next ? `/endpoints${queryOf({ cursor: page.next })}` : null} />
          </>
        )}
      </Answered>
    </>
  );
}
