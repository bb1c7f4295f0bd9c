import { useLocation, useSearch } from "wouter";
import type { FunctionVersion, HubFunction } from "../api/client";
import { Badge, Section } from "../components/bits";
import { Button, LinkButton } from "../components/button";
import { Listing } from "../components/listing";
import { useNotify } from "../components/notify";
import { Answered, ProblemBox } from "../components/states";
import { Cell, Row, Table } from "../components/table";
import { Time } from "../components/time";
import { FunctionHeader } from "../features/functions/function-bits";
import { useDifference, useFunction, usePublish, useVersions } from "../features/functions/queries";
import { useMayWrite } from "../features/session/session";
import { filtersFrom, queryOf } from "../lib/filters";
import { useStrings } from "../strings";

export default function FunctionVersionsPage({ name }: { name: string }) {
  const t = useStrings();
  const [path] = useLocation();
  const { cursor, from, to } = filtersFrom(useSearch(), ["cursor", "from", "to"]);
  const found = useFunction(name);
  const versions = useVersions(name, cursor);
  return (
    <>
      <FunctionHeader name={name} of={found.data} path={path} />
      {from && to && <Difference name={name} from={Number(from)} to={Number(to)} />}
      <Listing query={versions} items={(answer) => answer.versions} path={path} cursor={cursor} empty={<p className="muted">{t.app.none}</p>}>
        {(list) => <VersionTable name={name} item={found.data} versions={list} />}
      </Listing>
    </>
  );
}

function VersionTable({ name, item, versions }: { name: string; item: HubFunction | undefined; versions: readonly FunctionVersion[] }) {
  const t = useStrings();
  const publish = usePublish(name);
  const notify = useNotify();
  const mayWrite = useMayWrite();
  return (
    <>
      {publish.error && <ProblemBox error={publish.error} />}
      <Table
        label={t.functions.versions}
        columns={[
          { key: "name", label: t.functions.version },
          { key: "status", label: t.functions.state },
          { key: "made", label: t.app.created },
          { key: "action", label: t.app.more, hidden: true },
        ]}
      >
        {versions.map(({ number, created_at }) => (
          <Row key={number}>
            <Cell column="name">
              <strong>{number}</strong>
            </Cell>
            <Cell column="status">
              {number === item?.published_version && <Badge tone="good">{t.functions.published}</Badge>}
              {number === item?.draft_version && number !== item.published_version && <Badge tone="wait">{t.functions.draft}</Badge>}
            </Cell>
            <Cell column="made" label={t.app.created}>
              <Time at={created_at} />
            </Cell>
            <Cell column="action">
              <span className="actions">
                {number > 1 && (
                  <LinkButton to={`/functions/${name}/versions${queryOf({ from: String(number - 1), to: String(number) })}`} look="quiet">
                    {t.functions.compare(number - 1)}
                  </LinkButton>
                )}
                {item?.published_version && item.published_version !== number && (
                  <LinkButton to={`/functions/${name}/versions${queryOf({ from: String(item.published_version), to: String(number) })}`} look="quiet">
                    {t.functions.comparePublished}
                  </LinkButton>
                )}
                {mayWrite && item && number !== item.published_version && (
                  <Button className="button-small" busy={publish.isPending} onClick={() => publish.mutate(number, { onSuccess: () => notify(t.functions.publishedDone(number)) })}>
                    {t.functions.publish(number)}
                  </Button>
                )}
              </span>
            </Cell>
          </Row>
        ))}
      </Table>
    </>
  );
}

const KINDS: Readonly<Record<string, string>> = { "+": "added", "-": "removed", "@": "place" };

function Difference({ name, from, to }: { name: string; from: number; to: number }) {
  const t = useStrings();
  const difference = useDifference(name, from, to);
  return (
    <Section title={t.functions.difference(from, to)}>
      <Answered query={difference} lines={4}>
        {(diff) => (
          <>
            {diff.source === "" ? (
              <p className="muted">{t.functions.sameScript}</p>
            ) : (
              <pre className="diff" tabIndex={0} role="group" aria-label={t.functions.difference(from, to)}>
                {diff.source
                  .trimEnd()
                  .split("\n")
                  .map((line, index) => (
                    // A text that does not change has its lines in a fixed order.
                    <span key={index} data-kind={/^(\+\+\+|---)/.test(line) ? "place" : (KINDS[line.slice(0, 1)] ?? "same")}>
                      {line}
                      {"\n"}
                    </span>
                  ))}
              </pre>
            )}
            {diff.arguments && <p>{t.functions.argumentsChanged(diff.arguments.from.join(", ") || "–", diff.arguments.to.join(", ") || "–")}</p>}
          </>
        )}
      </Answered>
    </Section>
  );
}
