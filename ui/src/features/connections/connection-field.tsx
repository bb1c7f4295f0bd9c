import { Field, SettledInput } from "../../components/field";
import { SelectField, type Option } from "../../components/inputs";
import { useAllConnections } from "./queries";

interface Props {
  label: string;
  hint?: string;
  /** What the empty choice is called. */
  none: string;
  value: string;
  error?: string | undefined;
  onChange: (connection: string) => void;
}

/** Chooses a connection. Where there are more than can be listed, its id is typed. */
export function ConnectionField({ label, hint, none, value, error, onChange }: Props) {
  const connections = useAllConnections();
  const known = connections.data?.connections ?? [];
  if (connections.data?.page.has_more)
    return (
      <Field label={label} hint={hint} error={error}>
        {(props) => (
          <>
            <SettledInput {...props} list="connections" spellCheck={false} autoCapitalize="none" value={value} onSettled={onChange} />
            <datalist id="connections">
              {known.map(({ id }) => (
                <option key={id} value={id} />
              ))}
            </datalist>
          </>
        )}
      </Field>
    );
  return <SelectField label={label} hint={hint} value={value} options={[["", none], ...known.map(({ id }): Option => [id, id])]} error={error} onChange={onChange} />;
}
