import type { FunctionDocument } from "../../api/client";
import { errorAt } from "../../api/problem";
import { CheckField, TextField } from "../../components/inputs";
import { listOf } from "../../lib/literal";
import { useStrings } from "../../strings";
import { ConnectionField } from "../connections/connection-field";

/** What is said of a function beside its script. */
export interface Settings {
  restApi: boolean;
  arguments: string;
  connection: string;
}

export const settingsDocument = (source: string, settings: Settings): FunctionDocument => ({
  source,
  rest_api: settings.restApi,
  arguments: listOf(settings.arguments),
  connection: settings.connection || null,
});

interface Props {
  settings: Settings;
  error: unknown;
  onChange: (settings: Settings) => void;
}

export function FunctionSettings({ settings, error, onChange }: Props) {
  const t = useStrings();
  return (
    <div className="filter-fields">
      <ConnectionField
        label={t.functions.connection}
        hint={t.functions.connectionHint}
        none={t.app.none}
        value={settings.connection}
        error={errorAt(error, "/connection")}
        onChange={(connection) => onChange({ ...settings, connection })}
      />
      <TextField
        label={t.functions.arguments}
        hint={t.functions.argumentsHint}
        spellCheck={false}
        value={settings.arguments}
        error={errorAt(error, "/arguments")}
        onChange={(text) => onChange({ ...settings, arguments: text })}
      />
      <CheckField label={t.functions.restApi} hint={t.functions.restApiHint} checked={settings.restApi} onChange={(restApi) => onChange({ ...settings, restApi })} />
    </div>
  );
}
