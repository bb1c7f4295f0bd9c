import { useRef, useState } from "react";
import { Problem } from "../api/problem";
import { lineAt, offsetAt } from "../lib/pointer";
import { useStrings } from "../strings";
import { Button } from "./button";
import { AreaField } from "./inputs";
import { Marked } from "./marked";
import { SaveProblem, type Conflict } from "./conflict";
import { mayLeave, useUnsaved } from "./unsaved";

interface Props {
  label: string;
  hint?: string;
  first: unknown;
  busy: boolean;
  error: unknown;
  conflict?: Conflict;
  onSave: (document: unknown) => void;
  onCancel: () => void;
}

/** A document as JSON. What the server finds wrong leads to the line it is in. */
export function JsonEditor({ label, hint, first, busy, error, conflict, onSave, onCancel }: Props) {
  const t = useStrings();
  const [before] = useState(() => JSON.stringify(first, null, 2));
  const [text, setText] = useState(before);
  useUnsaved(text !== before);
  const [sent, setSent] = useState(text);
  const [broken, setBroken] = useState<string | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const save = (): void => {
    try {
      const document: unknown = JSON.parse(text);
      setBroken(null);
      setSent(text);
      onSave(document);
    } catch (problem) {
      setBroken(`${t.app.notJson} ${problem instanceof Error ? problem.message : ""}`);
    }
  };
  const goTo = (offset: number): void => {
    const area = box.current?.querySelector("textarea");
    if (!area) return;
    area.focus();
    area.setSelectionRange(offset, offset);
    // Browsers do not scroll to a selection that a script makes.
    area.scrollTop = (area.scrollHeight / text.split("\n").length) * Math.max(lineAt(text, offset) - 4, 0);
  };
  const wrong = error instanceof Problem ? error.errors : [];
  return (
    <div className="form" ref={box}>
      <AreaField label={label} hint={hint} rows={18} value={text} error={broken ?? undefined} onChange={setText} />
      {error !== null && wrong.length === 0 && <SaveProblem error={error} conflict={conflict} />}
      {wrong.length > 0 && (
        <div className="notice notice-bad" role="alert">
          <ul className="notice-text">
            {wrong.map(({ path, detail }) => {
              const offset = offsetAt(sent, path);
              return (
                <li key={path + detail}>
                  <button type="button" className="line-link" onClick={() => goTo(offset)}>
                    {t.app.line(lineAt(sent, offset))}
                  </button>{" "}
                  <code>{path}</code> <Marked text={detail} />
                </li>
              );
            })}
          </ul>
        </div>
      )}
      <div className="form-foot">
        <Button look="primary" busy={busy} onClick={save}>
          {t.app.save}
        </Button>
        <Button onClick={() => mayLeave() && onCancel()}>{t.app.cancel}</Button>
      </div>
    </div>
  );
}
