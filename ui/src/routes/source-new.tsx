import { useLocation } from "wouter";
import { PageHeader } from "../components/bits";
import { useCreateSource } from "../features/sources/queries";
import { SourceForm } from "../features/sources/source-form";
import { useStrings } from "../strings";

export default function NewSourcePage() {
  const t = useStrings();
  const [, navigate] = useLocation();
  const create = useCreateSource();
  return (
    <>
      <PageHeader title={t.sources.new} up={{ to: "/sources", label: t.sources.title }} />
      <SourceForm
        submit={t.sources.create}
        back="/sources"
        busy={create.isPending}
        error={create.error}
        onSave={(document) => create.mutate(document, { onSuccess: ({ id }) => navigate(`/sources/${id}`) })}
      />
    </>
  );
}
