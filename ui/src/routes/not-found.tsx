import { PageHeader } from "../components/bits";
import { LinkButton } from "../components/button";
import { useStrings } from "../strings";

export default function NotFoundPage() {
  const t = useStrings();
  return (
    <div className="not-found">
      <svg viewBox="0 0 240 60" aria-hidden="true" focusable="false">
        <path d="M4 30h52a10 10 0 1 1-10 10M236 30h-60M78 18h52a8 8 0 0 1 8 8v8a8 8 0 0 1-8 8H78a8 8 0 0 1-8-8v-8a8 8 0 0 1 8-8Z" />
        <path d="M56 30h14M138 30h16" strokeDasharray="4 6" />
      </svg>
      <PageHeader title={t.notFound.title} />
      <p className="muted">{t.notFound.detail}</p>
      <div className="actions">
        <LinkButton to="/" look="primary">
          {t.notFound.home}
        </LinkButton>
      </div>
    </div>
  );
}
