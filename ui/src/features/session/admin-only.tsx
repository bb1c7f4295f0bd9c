import type { ReactNode } from "react";
import { PageHeader } from "../../components/bits";
import { Empty } from "../../components/states";
import { useStrings } from "../../strings";
import { useMayAdminister } from "./session";

/** A page that the server shows to admins alone; others are told so, instead of an error. */
export function AdminOnly({ title, children }: { title: string; children: ReactNode }) {
  const t = useStrings();
  if (useMayAdminister()) return <>{children}</>;
  return (
    <>
      <PageHeader title={title} />
      <Empty title={t.app.adminOnly}>
        <p>{t.app.adminOnlyDetail}</p>
      </Empty>
    </>
  );
}
