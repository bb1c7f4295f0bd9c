import { useLocation } from "wouter";
import { CodeBox, PageHeader, Section } from "../components/bits";
import { LinkButton } from "../components/button";
import { SecretOnce } from "../components/secret";
import { endpointDocument } from "../features/endpoints/endpoint-draft";
import { EndpointForm } from "../features/endpoints/endpoint-form";
import { useCreateEndpoint } from "../features/endpoints/queries";
import { useStrings } from "../strings";

export default function NewEndpointPage() {
  const t = useStrings();
  const [, navigate] = useLocation();
  const create = useCreateEndpoint();
  const made = create.data;
  return (
    <>
      <PageHeader title={made ? t.endpoints.made : t.endpoints.new} up={{ to: "/endpoints", label: t.endpoints.title }} />
      {made?.secret ? (
        <>
          <SecretOnce title={t.endpoints.secret} secret={made.secret} />
          {made.public_key && (
            <Section title={t.endpoints.publicKey}>
              <CodeBox text={made.public_key} label={t.endpoints.publicKey} />
            </Section>
          )}
          {made.format === "agile" && <p role="status">{t.endpoints.testDone}</p>}
          <div className="actions">
            <LinkButton to={`/endpoints/${made.id}`} look="primary">
              {t.endpoints.toIt}
            </LinkButton>
          </div>
        </>
      ) : (
        <EndpointForm
          submit={t.endpoints.create}
          back="/endpoints"
          busy={create.isPending}
          error={create.error}
          onSave={(draft) =>
            create.mutate(endpointDocument(draft), {
              onSuccess: ({ id, secret }) => {
                // A repeat of the request is answered without the secret, which was shown then.
                if (!secret) navigate(`/endpoints/${id}`);
              },
            })
          }
        />
      )}
    </>
  );
}
