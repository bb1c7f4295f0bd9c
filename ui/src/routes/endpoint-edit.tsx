import { useLocation } from "wouter";
import type { Endpoint } from "../api/client";
import { PageHeader } from "../components/bits";
import { useRead, type Again } from "../components/conflict";
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
        {(now) => <EditEndpoint now={now} again={endpoint.refetch} />}
      </Answered>
    </>
  );
}

interface EditProps {
  now: { endpoint: Endpoint & { has_token?: boolean }; tag: string | null };
  again: Again<EditProps["now"]>;
}

function EditEndpoint({ now, again }: EditProps) {
  const t = useStrings();
  const [, navigate] = useLocation();
  const { id } = now.endpoint;
  const update = useUpdateEndpoint(id);
  const { value: read, key, conflict } = useRead(now, again, update.reset);
  const notify = useNotify();
  const here = `/endpoints/${id}`;
  return (
    <EndpointForm
      key={key}
      first={endpointDraft(read.endpoint)}
      hasToken={read.endpoint.has_token ?? false}
      submit={t.app.save}
      back={here}
      busy={update.isPending}
      error={update.error}
      conflict={conflict}
      onSave={(draft) =>
        update.mutate(
          { document: endpointDocument(draft, read.endpoint), tag: read.tag },
          {
            onSuccess: ({ format }) => {
              notify(format === "agile" ? t.endpoints.savedTested : t.app.saved);
              navigate(here);
            },
          },
        )
      }
    />
  );
}
