import { useState } from "react";
import { Link, useLocation } from "wouter";
import type { Source, SourceDocument } from "../api/client";
import { CodeBox, Facts, PageHeader, Section } from "../components/bits";
import { Button, LinkButton } from "../components/button";
import { ConfirmDialog } from "../components/confirm";
import { CopyId } from "../components/copy";
import { useRead, type Again } from "../components/conflict";
import { useNotify } from "../components/notify";
import { Answered } from "../components/states";
import { useEvents } from "../features/events/queries";
import { useMayWrite } from "../features/session/session";
import { SourceKeys } from "../features/sources/keys";
import { sameMapping, type SourceMapping } from "../features/sources/mapping-draft";
import { MappingEditor } from "../features/sources/mapping-editor";
import { useDeleteSource, useReplaceSource, useSource, useTrial, type Sample } from "../features/sources/queries";
import { SampleFields, TrialOutcome } from "../features/sources/trial-panel";
import { useRested } from "../lib/rested";
import { useStrings } from "../strings";
import { EventTable } from "./events";

const LATEST = 5;

export default function SourcePage({ id }: { id: string }) {
  const t = useStrings();
  const source = useSource(id);
  const mayWrite = useMayWrite();
  const [deleting, setDeleting] = useState(false);
  return (
    <>
      <PageHeader
        title={source.data?.source.name ?? t.sources.one}
        up={{ to: "/sources", label: t.sources.title }}
        actions={
          mayWrite && source.data && (
            <>
              <LinkButton to={`/sources/${id}/edit`}>{t.app.edit}</LinkButton>
              <Button look="danger" onClick={() => setDeleting(true)}>
                {t.app.deleteAsk}
              </Button>
            </>
          )
        }
      >
        <CopyId id={id} whole />
      </PageHeader>
      <Answered query={source} lines={10}>
        {(now) => <SourceBody now={now} again={source.refetch} />}
      </Answered>
      {deleting && <DeleteDialog id={id} name={source.data?.source.name ?? id} onClose={() => setDeleting(false)} />}
    </>
  );
}

interface NowProps {
  now: { source: Source; tag: string | null };
  again: Again<NowProps["now"]>;
}

function SourceBody({ now, again }: NowProps) {
  const t = useStrings();
  const { source } = now;
  const mayWrite = useMayWrite();
  return (
    <>
      {!mayWrite && <p className="hint">{t.app.viewerOnly}</p>}
      {source.url && (
        <Section title={t.sources.url}>
          <p className="hint">{t.sources.urlHint}</p>
          <CodeBox text={source.url} label={t.sources.url} />
        </Section>
      )}
      <Facts
        facts={[
          [t.sources.connection, <Link key="connection" href={`/connections/${encodeURIComponent(source.connection)}`}>{source.connection}</Link>],
          [t.sources.entities, source.entities?.join(", ") ?? t.sources.entitiesOfWorkspace],
          [t.sources.reply, t.sources.replies[source.reply ?? "accepted"]],
          [t.sources.verify, source.verify ? (source.verify.sender ?? t.sources.ownScheme) : t.sources.verifies.none],
        ]}
      />
      <details className="more">
        <summary>{t.app.settings}</summary>
        <Settings source={source} />
      </details>
      <MappingSection now={now} again={again} />
      {mayWrite && <SourceKeys source={source} />}
      <LatestEvents source={source} />
    </>
  );
}

function Settings({ source }: { source: SourceDocument }) {
  const t = useStrings();
  const { dedupe, function: called } = source;
  const matches = Object.entries(source.match_on ?? {}).map(([entity, columns]) => `${entity}: ${columns.join(", ")}`);
  const defaults = Object.entries(source.defaults ?? {}).flatMap(([entity, columns]) =>
    Object.entries(columns).map(([column, value]) => `${entity}.${column} = ${JSON.stringify(value)}`),
  );
  return (
    <Facts
      facts={[
        [t.sources.createRecords, source.create_records ? t.endpoints.yes : t.endpoints.no],
        [t.sources.matchOn, matches.join("; ") || t.app.none],
        [t.sources.defaults, defaults.join("; ") || t.app.none],
        [t.sources.dedupe, dedupe?.header ? `${t.sources.dedupes.header}: ${dedupe.header}` : dedupe?.path ? `${t.sources.dedupes.path}: ${dedupe.path}` : t.sources.dedupes.none],
        [t.sources.function, called ? <Link key="function" href={`/functions/${called.name}`}>{`${called.name} · ${called.runs === "before" ? t.sources.runsBefore : t.sources.runsInstead}`}</Link> : t.app.none],
        [t.sources.origins, source.origins?.join(", ") || t.app.none],
        [t.sources.redirect, source.redirect ?? t.app.none],
        [t.sources.rate, source.rate_limit?.per_second ?? t.app.none],
      ]}
    />
  );
}

const mappingIn = (source: Source): SourceMapping | null => (source.mapping ?? null);

function MappingSection({ now, again }: NowProps) {
  const t = useStrings();
  const mayWrite = useMayWrite();
  const [sample, setSample] = useState<Sample>({ body: "", contentType: "application/json", query: "", headers: {} });
  const rested = useRested(sample);
  const save = useReplaceSource(now.source.id);
  const { value: read, key, conflict, put } = useRead(now, again, save.reset);
  const { source } = read;
  const [edited, setEdited] = useState({ key, mapping: mappingIn(source) });
  const mapping = edited.key === key ? edited.mapping : mappingIn(source);
  // What somebody else saved is shown at once, but where it would take the place of what was written here.
  if (Date.parse(now.source.updated_at) > Date.parse(source.updated_at)) {
    if (sameMapping(mapping, mappingIn(now.source))) put(now, "as it is");
    else if (sameMapping(mapping, mappingIn(source))) put(now, "anew");
  }
  const tried = useRested(mapping);
  const trial = useTrial(source.id, mayWrite && rested.body.trim() !== "" ? rested : null, source.updated_at, tried);
  const shown = rested.body.trim() === "" ? null : (trial.data ?? null);
  return (
    <Section title={t.mapping.title}>
      <p className="hint">{t.mapping.about}</p>
      <MappingEditor
        key={key}
        source={source}
        tag={read.tag}
        save={save}
        conflict={conflict}
        onSaved={(saved) => put(saved, "as it is")}
        trial={trial.error ? null : shown}
        wrong={shown === null ? null : trial.error}
        onChange={(mapping) => setEdited({ key, mapping })}
      />
      {mayWrite && (
        <div className="trial">
          <section className="part" aria-labelledby="sample">
            <h3 id="sample">{t.trial.sample}</h3>
            <SampleFields source={source} sample={sample} onChange={setSample} />
          </section>
          <section className="part" aria-labelledby="outcome">
            <h3 id="outcome">{t.trial.outcome}</h3>
            <TrialOutcome trial={shown} error={shown === null && rested.body.trim() === "" ? null : trial.error} />
          </section>
        </div>
      )}
    </Section>
  );
}

function LatestEvents({ source }: { source: Source }) {
  const t = useStrings();
  const events = useEvents({ source: source.id }, LATEST);
  return (
    <Section title={t.sources.latest} aside={<Link href={`/events?source=${source.id}`}>{t.overview.seeAll}</Link>}>
      <Answered query={events} lines={3}>
        {({ inbound_events: list }) => (list.length > 0 ? <EventTable events={list} sources={[source]} /> : <p className="muted">{t.sources.noEvents}</p>)}
      </Answered>
    </Section>
  );
}

function DeleteDialog({ id, name, onClose }: { id: string; name: string; onClose: () => void }) {
  const t = useStrings();
  const [, navigate] = useLocation();
  const remove = useDeleteSource(id);
  const notify = useNotify();
  const confirm = (): void =>
    remove.mutate(undefined, {
      onSuccess: () => {
        notify(t.app.deleted);
        navigate("/sources");
      },
    });
  return (
    <ConfirmDialog title={t.sources.deleteTitle(name)} confirm={t.app.delete} busy={remove.isPending} error={remove.error} onConfirm={confirm} onClose={onClose}>
      <p>{t.sources.deleteDetail}</p>
    </ConfirmDialog>
  );
}
