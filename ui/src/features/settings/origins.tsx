// Which pages may open Link and call the browser API.
import { useState } from "react";
import { errorAt } from "../../api/problem";
import { Button } from "../../components/button";
import { Rows } from "../../components/form";
import { TextField } from "../../components/inputs";
import { useNotify } from "../../components/notify";
import { ProblemBox } from "../../components/states";
import { useStrings } from "../../strings";
import { useMayWrite } from "../session/session";
import { useSaveOrigins } from "./queries";

export function Origins({ origins }: { origins: readonly string[] }) {
  const t = useStrings();
  const mayWrite = useMayWrite();
  if (mayWrite) return <OriginsForm key={origins.join(" ")} origins={origins} />;
  if (origins.length === 0) return <p className="muted">{t.settings.noOrigins}</p>;
  return (
    <ul className="plain-list" role="list">
      {origins.map((origin) => (
        <li key={origin}>
          <code className="url">{origin}</code>
        </li>
      ))}
    </ul>
  );
}

function OriginsForm({ origins }: { origins: readonly string[] }) {
  const t = useStrings();
  const [rows, setRows] = useState<readonly string[]>(origins);
  const save = useSaveOrigins();
  const notify = useNotify();
  const change = (next: readonly string[]): void => {
    setRows(next);
    // What the server said is of lines that stand elsewhere now.
    save.reset();
  };
  const submit = (): void => {
    const filled = rows.map((row) => row.trim()).filter(Boolean);
    setRows(filled);
    save.mutate(filled, {
      onSuccess: ({ origins }) => {
        // As they were understood.
        setRows(origins);
        notify(t.app.saved);
      },
    });
  };
  return (
    <div className="part form-wide">
      <Rows
        title={t.settings.originsAllowed}
        rows={rows}
        add={t.settings.addOrigin}
        onAdd={() => change([...rows, ""])}
        onRemove={(index) => change(rows.filter((_, other) => other !== index))}
      >
        {(row, index) => (
          <TextField
            label={t.settings.origin(index + 1)}
            type="url"
            placeholder="https://app.example"
            value={row}
            error={errorAt(save.error, `/origins/${index}`)}
            onChange={(text) => change(rows.with(index, text))}
          />
        )}
      </Rows>
      {rows.length === 0 && <p className="muted">{t.settings.noOrigins}</p>}
      {save.error && <ProblemBox error={save.error} />}
      <div className="actions">
        <Button look="primary" busy={save.isPending} onClick={submit}>
          {t.settings.saveOrigins}
        </Button>
      </div>
    </div>
  );
}
