import { useStrings } from "../strings";
import { CodeBox } from "./bits";

/** What is in one answer of the server alone: shown until the page is left, with a word of warning. */
export function SecretOnce({ title, secret }: { title: string; secret: string }) {
  const t = useStrings();
  return (
    <div className="notice notice-good" role="status">
      <div className="notice-text">
        <strong>{title}</strong>
        <p>{t.app.secretOnce}</p>
        <CodeBox text={secret} label={title} />
      </div>
    </div>
  );
}
