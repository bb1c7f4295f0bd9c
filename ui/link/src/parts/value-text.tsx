import { localeOf } from "../../../src/lib/locale";
import type { FieldDeclaration, Json } from "../api/shapes";
import { useStrings, useWords } from "../strings";

/** A value as the app gets it, written so that a person reads it. */
export function ValueText({ value, field }: { value: Json | undefined; field?: FieldDeclaration | undefined }) {
  const t = useStrings();
  const { language } = useWords();
  if (value === null || value === undefined || value === "" || isEmptyObject(value)) return <span className="nothing">{t.preview.none}</span>;
  if (typeof value === "boolean") return value ? t.fields.yes : t.fields.no;
  if (field?.format === "datetime" && typeof value === "string") {
    const at = new Date(value);
    if (!Number.isNaN(at.getTime())) {
      return (
        <time dateTime={value} title={value}>
          {new Intl.DateTimeFormat(localeOf(language), { dateStyle: "medium", timeStyle: "short" }).format(at)}
        </time>
      );
    }
  }
  if (Array.isArray(value)) return value.every((item) => typeof item !== "object") ? value.join(", ") : <code>{JSON.stringify(value)}</code>;
  if (typeof value === "object") {
    return (
      <dl className="parts-of-value">
        {Object.entries(value).map(([name, inner]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <ValueText value={inner} />
            </dd>
          </div>
        ))}
      </dl>
    );
  }
  return String(value);
}

const isEmptyObject = (value: Json): boolean => typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
