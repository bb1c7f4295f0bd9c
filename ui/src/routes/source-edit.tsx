import { useState } from "react";
import { useLocation } from "wouter";
import type { Source } from "../api/client";
import { PageHeader } from "../components/bits";
import { useNotify } from "../components/notify";
import { Answered } from "../components/states";
import { useReplaceSource, useSource } from "../features/sources/queries";
import { settingsOf } from "../features/sources/source-draft";
import { SourceForm } from "../features/sources/source-form";
import { useStrings } from "../strings";

export default function EditSourcePage({ id }: { id: string }) {
  const t = useStrings();
  const source = useSource(id);
  return (
    <>
      <PageHeader title={t.sources.edit} up={{ to: `/sources/${id}`, label: source.data?.source.name ?? t.sources.one }} />
      <Answered query={source} lines={10}>
        {({ source, tag }) => <EditSource source={source} tag={tag} />}
      </Answered>
    </>
  );
}

function EditSource({ source, tag }: { source: Source; tag: string | null }) {
  const t = useStrings();
  const [, navigate] = useLocation();
  // What was read first: a change by somebody else in the meantime must be noticed, not overwritten.
  const [read] = useState({ source, tag });
  const replace = useReplaceSource(source.id, read.tag);
  const notify = useNotify();
  const here = `/sources/${source.id}`;
  return (
    <SourceForm
      source={settingsOf(read.source)}
      submit={t.app.save}
      back={here}
      busy={replace.isPending}
      error={replace.error}
      onSave={(document) =>
        replace.mutate(document, {
          onSuccess: () => {
            notify(t.app.saved);
            navigate(here);
          },
        })
      }
    />
  );
}
