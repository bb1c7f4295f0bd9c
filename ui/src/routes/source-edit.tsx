import { useLocation } from "wouter";
import type { Source } from "../api/client";
import { PageHeader } from "../components/bits";
import { useRead, type Again } from "../components/conflict";
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
        {(now) => <EditSource now={now} again={source.refetch} />}
      </Answered>
    </>
  );
}

interface EditProps {
  now: { source: Source; tag: string | null };
  again: Again<EditProps["now"]>;
}

function EditSource({ now, again }: EditProps) {
  const t = useStrings();
  const [, navigate] = useLocation();
  const { id } = now.source;
  const replace = useReplaceSource(id);
  const { value: read, key, conflict } = useRead(now, again, replace.reset);
  const notify = useNotify();
  const here = `/sources/${id}`;
  return (
    <SourceForm
      key={key}
      source={settingsOf(read.source)}
      submit={t.app.save}
      back={here}
      busy={replace.isPending}
      error={replace.error}
      conflict={conflict}
      onSave={(document) =>
        replace.mutate(
          { document, tag: read.tag },
          {
            onSuccess: () => {
              notify(t.app.saved);
              navigate(here);
            },
          },
        )
      }
    />
  );
}
