import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { asProblem } from "../../../src/api/problem";
import type { ObjectDeclaration, Preview } from "../api/shapes";
import { toFields, type ObjectDraft } from "../lib/draft";
import { useSession, useWork } from "../state/session";
import { useSay, useStrings } from "../strings";
import { Loading, Notice, ProblemBox } from "./problem";
import { Records } from "./records";

/** A value that rests for a moment: what is typed is not sent letter by letter. */
export function useSettled<T>(value: T, milliseconds = 350): T {
  const key = JSON.stringify(value);
  const [settled, setSettled] = useState({ key, value });
  useEffect(() => {
    if (settled.key === key) return;
    const timer = setTimeout(() => setSettled({ key, value: JSON.parse(key) as T }), milliseconds);
    return () => clearTimeout(timer);
  }, [key, settled.key, milliseconds]);
  return settled.value;
}

/** The latest records through the fields that are mapped so far. */
export function usePreview(slug: string, declared: ObjectDeclaration, object: ObjectDraft): { query: UseQueryResult<Preview>; shown: string[]; errors: ReadonlyMap<string, string> } {
  const { api } = useSession();
  const { connection, objects } = useWork();
  const fields = useSettled(toFields(object, declared));
  const shown = Object.keys(fields);
  const query = useQuery({
    queryKey: ["preview", connection.id, slug, object.entity, fields],
    queryFn: ({ signal }) => api.preview(connection.id, { objects, object: slug, mapping: { entity: object.entity ?? "", fields, events: {} } }, signal),
    enabled: Boolean(object.entity) && shown.length > 0,
    placeholderData: keepPreviousData,
  });
  const refused = query.error ? asProblem(query.error).errors : (query.data?.errors ?? []);
  // By the path below `fields`, which is where the editor shows them.
  const errors = new Map(refused.map(({ path, detail }) => [path.replace(/^.*?\/fields\//, ""), detail] as const));
  return { query, shown, errors };
}

export function PreviewPanel({ declared, query, shown }: { declared: ObjectDeclaration; query: UseQueryResult<Preview>; shown: readonly string[] }) {
  const t = useStrings();
  const say = useSay();
  return (
    <div className="panel" role="group" aria-labelledby="preview-title" tabIndex={0}>
      <h2 id="preview-title">{t.preview.title}</h2>
      <p className="hint">{say(t.preview.text)}</p>
      {shown.length === 0 ? (
        <p className="muted panel-empty">{t.preview.nothing}</p>
      ) : query.error ? (
        asProblem(query.error).status === 400 ? (
          <Notice tone="wait" title={t.preview.refused}>
            {asProblem(query.error).errors.map(({ path, detail }) => (
              <p key={path}>{detail}</p>
            ))}
          </Notice>
        ) : (
          <ProblemBox error={query.error} title={t.preview.failed} onRetry={() => void query.refetch()} />
        )
      ) : !query.data ? (
        <Loading lines={3} label={t.preview.loading} />
      ) : query.data.records.length === 0 ? (
        <p className="muted panel-empty">{t.preview.empty}</p>
      ) : (
        <div data-stale={query.isPlaceholderData}>
          <Records records={query.data.records} fields={declared.fields ?? {}} shown={shown} />
        </div>
      )}
    </div>
  );
}
