import type { FunctionDocument } from "../../api/client";
import { errorAt } from "../../api/problem";
import { CheckField, SelectField, TextField, type Option } from "../../components/inputs";
import { listOf } from "../../lib/literal";
import { useStrings } from "../../strings";
import { useAllConnections } from "../connections/queries";

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
  const connections = useAllConnections();
  return (
    <div className="filter-fields">
      <SelectField
        label={t.functions.connection}
        hint={t.functions.connectionHint}
        value={settings.connection}
        options={[["", t.app.none], ...(connections.data ?? []).map(({ id }): Option => [id, id])]}
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
