import { useRef, useState } from "react";
import { useLocation } from "wouter";
import type { FunctionVersion, HubFunction, TryRequest } from "../api/client";
import { ActionMenu } from "../components/action-menu";
import { CodeBox, Section } from "../components/bits";
import { Button } from "../components/button";
import { CodeEditor, type CodeEditorHandle } from "../components/code-editor";
import { SaveProblem, useConflict, type Again } from "../components/conflict";
import { ConfirmDialog } from "../components/confirm";
import { useNotify } from "../components/notify";
import { Answered, ProblemBox } from "../components/states";
import { useUnsaved } from "../components/unsaved";
import { FunctionHeader } from "../features/functions/function-bits";
import { FunctionSettings, settingsDocument, type Settings } from "../features/functions/function-settings";
import { completeHostApi } from "../features/functions/host-api";
import { useAddFunctionKey, useDeleteFunction, useDraft, useEndFunctionKeys, useFunction, usePublish, useSaveFunction, useTryFunction } from "../features/functions/queries";
import { TryPanel } from "../features/functions/try-panel";
import { useMayWrite } from "../features/session/session";
import { useStrings } from "../strings";

export default function FunctionPage({ name }: { name: string }) {
  const t = useStrings();
  const found = useFunction(name);
  const draft = useDraft(name);
  const publish = usePublish(name);
  const notify = useNotify();
  const mayWrite = useMayWrite();
  const addKey = useAddFunctionKey(name);
  const [ending, setEnding] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const [taken, setTaken] = useState(0);
  const item = found.data;
  return (
    <>
      <FunctionHeader
        name={name}
        of={item}
        path={`/functions/${name}`}
        actions={
          mayWrite && item && (
            <>
              {item.draft_version !== item.published_version && (
                <Button look="primary" busy={publish.isPending} onClick={() => publish.mutate(item.draft_version, { onSuccess: () => notify(t.functions.publishedDone(item.draft_version)) })}>
                  {t.functions.publish(item.draft_version)}
                </Button>
              )}
              <ActionMenu
                actions={[
                  ...(item.rest_api
                    ? [
                        { label: t.functions.addKey, onSelect: () => addKey.mutate(undefined, { onSuccess: () => notify(t.functions.keyAdded) }) },
                        { label: t.functions.endKeys, onSelect: () => setEnding(true) },
                      ]
                    : []),
                  { label: t.app.deleteAsk, onSelect: () => setDeleting(true), danger: true },
                ]}
              />
            </>
          )
        }
      />
      {publish.error && <ProblemBox error={publish.error} />}
      {addKey.error && <ProblemBox error={addKey.error} />}
      <Answered query={draft} lines={10}>
        {({ function: item, version, tag }) => <FunctionBody key={taken} item={item} version={version} tag={tag} again={draft.refetch} onTake={() => setTaken(taken + 1)} />}
      </Answered>
      {ending && <EndKeysDialog name={name} onClose={() => setEnding(false)} />}
      {deleting && <DeleteDialog name={name} onClose={() => setDeleting(false)} />}
    </>
  );
}

interface BodyProps {
  item: HubFunction;
  version: FunctionVersion;
  tag: string | null;
  again: Again<{ tag: string | null }>;
  /** Begins anew with what is there now. */
  onTake: () => void;
}

function FunctionBody({ item, version, tag, again, onTake }: BodyProps) {
  const t = useStrings();
  const mayWrite = useMayWrite();
  const notify = useNotify();
  const editor = useRef<CodeEditorHandle>(null);
  // What was read first: a change by somebody else in the meantime must be noticed, not overwritten.
  const [first] = useState(version.source);
  const [saved, setSaved] = useState({ source: version.source, settings: settingsOf(item, version), tag });
  const [source, setSource] = useState(version.source);
  const [settings, setSettings] = useState(saved.settings);
  const save = useSaveFunction(item.name);
  const trial = useTryFunction(item.name);
  const changed = source !== saved.source || JSON.stringify(settings) !== JSON.stringify(saved.settings);
  const write = async (): Promise<void> => {
    const { tag } = await save.mutateAsync({ document: settingsDocument(source, settings), tag: saved.tag });
    setSaved({ source, settings, tag });
  };
  useUnsaved(changed);
  const conflict = useConflict(again, onTake, ({ tag }) => {
    setSaved({ ...saved, tag });
    save.reset();
  });
  // What is wrong is shown beside the editor; the rejection says no more.
  const saveDraft = (): void => {
    if (mayWrite && changed && !save.isPending) write().then(() => notify(t.app.saved), () => undefined);
  };
  const run = (request: TryRequest): void => {
    (changed ? write() : Promise.resolve()).then(() => trial.mutate(request), () => undefined);
  };
  return (
    <>
      {!mayWrite && <p className="hint">{t.app.viewerOnly}</p>}
      <CodeEditor ref={editor} label={t.functions.code} first={first} readOnly={!mayWrite} complete={completeHostApi} onChange={setSource} onSave={saveDraft} />
      {save.error && <SaveProblem error={save.error} conflict={conflict} />}
      {mayWrite && (
        <>
          <FunctionSettings settings={settings} error={save.error} onChange={setSettings} />
          <div className="with-id">
            <Button look={changed ? "primary" : "plain"} busy={save.isPending} disabled={!changed} onClick={saveDraft}>
              {t.functions.saveDraft}
            </Button>
            <span className="muted" role="status">
              {changed ? t.functions.changed : t.functions.isSaved(item.draft_version)}
            </span>
          </div>
          <Section title={t.functions.try}>
            <TryPanel busy={trial.isPending || save.isPending} error={trial.error} trial={trial.data} onRun={run} onGoTo={(line, column) => editor.current?.goTo(line, column)} />
          </Section>
        </>
      )}
      {item.urls && <Urls urls={item.urls} />}
    </>
  );
}

const settingsOf = (item: HubFunction, version: FunctionVersion): Settings => ({
  restApi: item.rest_api,
  arguments: version.arguments.join(", "),
  connection: item.connection ?? "",
});

function Urls({ urls }: { urls: NonNullable<HubFunction["urls"]> }) {
  const t = useStrings();
  return (
    <Section title={t.functions.urls}>
      <p className="hint">{t.functions.urlsHint}</p>
      <h3>{t.functions.production}</h3>
      <CodeBox text={urls.production + (urls.zapikey ?? "")} label={t.functions.production} />
      {urls.sandbox && (
        <>
          <h3>{t.functions.sandbox}</h3>
          <CodeBox text={urls.sandbox} label={t.functions.sandbox} />
        </>
      )}
    </Section>
  );
}

function EndKeysDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const t = useStrings();
  const end = useEndFunctionKeys(name);
  const notify = useNotify();
  const confirm = (): void =>
    end.mutate(undefined, {
      onSuccess: () => {
        notify(t.functions.keysEnded);
        onClose();
      },
    });
  return (
    <ConfirmDialog title={t.functions.endKeysTitle} confirm={t.functions.endKeysConfirm} busy={end.isPending} error={end.error} onConfirm={confirm} onClose={onClose}>
      <p>{t.functions.endKeysDetail}</p>
    </ConfirmDialog>
  );
}

function DeleteDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const t = useStrings();
  const [, navigate] = useLocation();
  const remove = useDeleteFunction(name);
  const notify = useNotify();
  const confirm = (): void =>
    remove.mutate(undefined, {
      onSuccess: () => {
        notify(t.app.deleted);
        navigate("/functions");
      },
    });
  return (
    <ConfirmDialog title={t.functions.deleteTitle(name)} confirm={t.app.delete} busy={remove.isPending} error={remove.error} onConfirm={confirm} onClose={onClose}>
      <p>{t.functions.deleteDetail}</p>
    </ConfirmDialog>
  );
}
