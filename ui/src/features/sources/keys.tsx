import { useState } from "react";
import type { Source, SourceKey } from "../../api/client";
import { Section } from "../../components/bits";
import { Button } from "../../components/button";
import { ConfirmDialog } from "../../components/confirm";
import { CopyButton, CopyId } from "../../components/copy";
import { SelectField, type Option } from "../../components/inputs";
import { useNotify } from "../../components/notify";
import { ProblemBox } from "../../components/states";
import { Cell, Row, Table } from "../../components/table";
import { Time } from "../../components/time";
import { useStrings } from "../../strings";
import { useAddKey, useEndKey } from "./queries";

/** The keys of a source: one more makes another URL, so that a sender can change over before the old one ends. */
export function SourceKeys({ source }: { source: Source }) {
  const t = useStrings();
  const add = useAddKey(source.id);
  const notify = useNotify();
  const [ending, setEnding] = useState<SourceKey | null>(null);
  return (
    <Section
      title={t.sourceKeys.title}
      aside={
        <Button className="button-small" busy={add.isPending} onClick={() => add.mutate(undefined, { onSuccess: () => notify(t.sourceKeys.added) })}>
          {t.sourceKeys.add}
        </Button>
      }
    >
      <p className="hint">{t.sourceKeys.about}</p>
      {add.error && <ProblemBox error={add.error} />}
      {source.keys.length === 0 ? (
        <p className="muted">{t.sourceKeys.empty}</p>
      ) : (
        <Table
          label={t.sourceKeys.title}
          columns={[
            { key: "name", label: t.sourceKeys.key },
            { key: "made", label: t.app.created },
            { key: "until", label: t.sourceKeys.until },
            { key: "action", label: t.sourceKeys.end, hidden: true },
          ]}
        >
          {source.keys.map((key) => (
            <Row key={key.id}>
              <Cell column="name">
                <CopyId id={key.id} />
              </Cell>
              <Cell column="made" label={t.app.created}>
                <Time at={key.created_at} />
              </Cell>
              <Cell column="until" label={t.sourceKeys.until}>
                {key.expires_at ? <Time at={key.expires_at} /> : <span className="muted">{t.sourceKeys.noEnd}</span>}
              </Cell>
              <Cell column="action">
                <span className="actions">
                  {key.url ? <CopyButton text={key.url} label={t.sourceKeys.copyUrl} /> : <span className="muted">{t.sourceKeys.lost}</span>}
                  <Button className="button-small" onClick={() => setEnding(key)}>
                    {t.sourceKeys.end}
                  </Button>
                </span>
              </Cell>
            </Row>
          ))}
        </Table>
      )}
      {ending && <EndDialog source={source.id} ending={ending} onClose={() => setEnding(null)} />}
    </Section>
  );
}

const OVERLAPS = ["", "15m", "24h", "7d"] as const;

function EndDialog({ source, ending, onClose }: { source: string; ending: SourceKey; onClose: () => void }) {
  const t = useStrings();
  const end = useEndKey(source);
  const notify = useNotify();
  const [after, setAfter] = useState<string>("24h");
  const confirm = (): void =>
    end.mutate(
      { key: ending.id, after },
      {
        onSuccess: () => {
          notify(t.sourceKeys.ended);
          onClose();
        },
      },
    );
  return (
    <ConfirmDialog title={t.sourceKeys.endTitle} confirm={t.sourceKeys.end} busy={end.isPending} error={end.error} onConfirm={confirm} onClose={onClose}>
      <p>{t.sourceKeys.endDetail}</p>
      <SelectField label={t.sourceKeys.after} value={after} options={OVERLAPS.map((value): Option => [value, t.sourceKeys.overlaps[value || "now"]])} onChange={setAfter} />
    </ConfirmDialog>
  );
}
