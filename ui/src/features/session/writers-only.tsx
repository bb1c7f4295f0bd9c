import type { ReactNode } from "react";
import { PageHeader } from "../../components/bits";
import { Empty } from "../../components/states";
import { useStrings } from "../../strings";
import { useMayWrite } from "./session";

/** A form that whoever may only read is not offered; one of them who has its address is told so. */
export function WritersOnly({ children }: { children: ReactNode }) {
  const t = useStrings();
  if (useMayWrite()) return <>{children}</>;
  return (
    <>
      <PageHeader title={t.app.writersOnly} />
      <Empty title={t.app.viewerOnly} />
    </>
  );
}
