import { useState } from "react";
import { useLocation } from "wouter";
import type { Endpoint } from "../api/client";
import { PageHeader } from "../components/bits";
import { useNotify } from "../components/notify";
import { Answered } from "../components/states";
import { endpointDocument, endpointDraft } from "../features/endpoints/endpoint-draft";
import { EndpointForm } from "../features/endpoints/endpoint-form";
import { useEndpointSettings, useUpdateEndpoint } from "../features/endpoints/queries";
import { useStrings } from "../strings";

export default function EditEndpointPage({ id }: { id: string }) {
  const t = useStrings();
  const endpoint = useEndpointSettings(id);
  return (
    <>
      <PageHeader title={t.endpoints.edit} up={{ to: `/endpoints/${id}`, label: endpoint.data?.endpoint.description || t.endpoints.one }} />
      <Answered query={endpoint} lines={10}>
        {({ endpoint, tag }) => <EditEndpoint endpoint={endpoint} tag={tag} />}
      </Answered>
    </>
  );
}

function EditEndpoint({ endpoint, tag }: { endpoint: Endpoint & { has_token?: boolean }; tag: string | null }) {
  const t = useStrings();
  const [, navigate] = useLocation();
  // What was read first: a change by somebody else in the meantime must be noticed, not overwritten.
  const [read] = useState({ endpoint, tag });
  const update = useUpdateEndpoint(endpoint.id, read.tag);
  const notify = useNotify();
  const here = `/endpoints/${endpoint.id}`;
  return (
    <EndpointForm
      first={endpointDraft(read.endpoint)}
      hasToken={read.endpoint.has_token ?? false}
      submit={t.app.save}
      back={here}
      busy={update.isPending}
      error={update.error}
      onSave={(draft) =>
        update.mutate(endpointDocument(draft, read.endpoint), {
          onSuccess: ({ format }) => {
            notify(format === "agile" ? t.endpoints.savedTested : t.app.saved);
            navigate(here);
          },
        })
      }
    />
  );
}
