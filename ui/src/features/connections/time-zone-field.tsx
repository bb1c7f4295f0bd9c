import { TextField } from "../../components/inputs";
import { useStrings } from "../../strings";

const ZONES = Intl.supportedValuesOf("timeZone");

export function TimeZoneField({ value, error, onChange }: { value: string; error: string | undefined; onChange: (value: string) => void }) {
  const t = useStrings();
  return (
    <>
      <TextField label={t.connections.timeZone} hint={t.connections.timeZoneHint} list="time-zones" spellCheck={false} value={value} error={error} onChange={onChange} />
      <datalist id="time-zones">
        {ZONES.map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </>
  );
}
