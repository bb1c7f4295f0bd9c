import type { Change } from "../../api/client";
import { Badge, Section } from "../../components/bits";
import { Button } from "../../components/button";
import { DifferenceTable } from "../../components/difference";
import { Loading, ProblemBox } from "../../components/states";
import { Time } from "../../components/time";
import { useStrings, type Strings } from "../../strings";
import { useChanges } from "./queries";

const TONES = { create: "good", update: "wait", delete: "bad" } as const;
const isType = (type: string): type is keyof typeof TONES => Object.hasOwn(TONES, type);

/** What became of a record, newest first. The feed is read from its oldest change on, a page at a time. */
export function RecordHistory({ connection, entity, id }: { connection: string; entity: string; id: string }) {
  const t = useStrings();
  const changes = useChanges(connection, entity);
  const pages = changes.data?.pages ?? [];
  const looked = pages.reduce((sum, page) => sum + page.changes.length, 0);
  const found = pages.flatMap((page) => page.changes).filter(({ record_id }) => record_id === `${entity}:${id}`);
  return (
    <Section title={t.records.history}>
      {changes.error ? (
        <ProblemBox error={changes.error} onRetry={() => void changes.refetch()} />
      ) : changes.isPending ? (
        <Loading lines={3} />
      ) : (
        <>
          {found.length === 0 && !changes.hasNextPage && <p className="muted">{t.records.noHistory}</p>}
          {found.length > 0 && (
            <ol className="attempts">
              {found.toReversed().map((change) => (
                <ChangeItem key={change.id} change={change} />
              ))}
            </ol>
          )}
          {changes.hasNextPage && (
            <div className="with-id">
              <span className="muted">{t.records.looked(looked)}</span>
              <Button busy={changes.isFetchingNextPage} onClick={() => void changes.fetchNextPage()}>
                {t.records.lookFurther}
              </Button>
            </div>
          )}
        </>
      )}
    </Section>
  );
}

const originWord = (origin: string, t: Strings): string =>
  Object.hasOwn(t.records.origins, origin) ? t.records.origins[origin as keyof Strings["records"]["origins"]] : origin;

function ChangeItem({ change }: { change: Change }) {
  const t = useStrings();
  const { before, after, changed } = change as { before?: Record<string, unknown> | null; after?: Record<string, unknown> | null; changed: string[] };
  // The time of the change is said above the table already.
  const differences = changed
    .filter((column) => !["Id", "CreatedOn", "ModifiedOn"].includes(column))
    .map((column) => ({ column, before: before?.[column], after: after?.[column] }))
    .filter((difference) => difference.before != null || difference.after != null);
  return (
    <li>
      <div className="attempt-head">
        <Badge tone={isType(change.type) ? TONES[change.type] : "plain"}>{isType(change.type) ? t.records.types[change.type] : change.type}</Badge>
        <span className="muted">
          <Time at={change.at} exact /> · {originWord(change.origin, t)}
        </span>
      </div>
      {differences.length > 0 && <DifferenceTable differences={differences} />}
    </li>
  );
}
