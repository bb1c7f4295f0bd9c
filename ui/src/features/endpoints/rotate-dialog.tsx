import { useState } from "react";
import { Button } from "../../components/button";
import { Dialog } from "../../components/dialog";
import { SelectField, type Option } from "../../components/inputs";
import { SecretOnce } from "../../components/secret";
import { ProblemBox } from "../../components/states";
import { useStrings } from "../../strings";
import { useRotateSecret } from "./queries";

const OVERLAPS = ["1h", "24h", "7d", "30d"] as const;

/** A new secret beside the old one, which signs on for a while; the new one is shown here alone. */
export function RotateDialog({ endpoint, onClose }: { endpoint: string; onClose: () => void }) {
  const t = useStrings();
  const [overlap, setOverlap] = useState<string>("24h");
  const rotate = useRotateSecret(endpoint);
  const secret = rotate.data?.secret;
  return (
    <Dialog
      title={t.rotate.title}
      onClose={onClose}
      footer={
        rotate.data ? (
          <Button look="primary" onClick={onClose}>
            {t.app.close}
          </Button>
        ) : (
          <>
            <Button onClick={onClose}>{t.app.cancel}</Button>
            <Button look="primary" busy={rotate.isPending} onClick={() => rotate.mutate(overlap)}>
              {t.rotate.confirm}
            </Button>
          </>
        )
      }
    >
      {secret ? (
        <SecretOnce title={t.rotate.done} secret={secret} />
      ) : (
        <>
          <p>{t.rotate.about}</p>
          <SelectField label={t.rotate.overlap} value={overlap} options={OVERLAPS.map((value): Option => [value, t.rotate.overlaps[value]])} onChange={setOverlap} />
        </>
      )}
      {rotate.error && <ProblemBox error={rotate.error} />}
    </Dialog>
  );
}
