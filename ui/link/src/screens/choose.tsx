import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "../../../src/components/button";
import type { Connector } from "../api/shapes";
import { Icon } from "../parts/icon";
import { Heading, Loading, Notice, ProblemBox } from "../parts/problem";
import { useSession } from "../state/session";
import { say, useSay, useStrings } from "../strings";

interface ChooseProps {
  onChoose: (connector: Connector) => void;
  /** Told when there is nothing to choose, so that closing says why. */
  onNone: () => void;
}

export function Choose({ onChoose, onNone }: ChooseProps) {
  const t = useStrings();
  const sayNames = useSay();
  const { api, host } = useSession();
  const [isListed, setIsListed] = useState(false);
  const query = useQuery({
    queryKey: ["connectors"],
    queryFn: async () => {
      const crms = (await api.connectors()).filter(({ crm }) => crm);
      if (crms.length === 0) onNone();
      return crms;
    },
  });

  if (query.error) return <ProblemBox error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <Loading />;
  if (query.data.length === 0) {
    return (
      <Notice tone="bad" alert title={t.problem.noCrms}>
        <p>{sayNames(t.problem.noCrmsText)}</p>
      </Notice>
    );
  }
  const preselected = isListed ? undefined : query.data.find(({ slug }) => slug === host.options.preselectCRMSlug);
  if (preselected) {
    return (
      <div className="narrow">
        <Heading title={say(t.choose.oneTitle, { crm: preselected.name })}>
          <p className="lead">{sayNames(t.choose.text)}</p>
        </Heading>
        <div className="one-crm">
          <CrmMark connector={preselected} />
          <div>
            <p className="row-title">{preselected.name}</p>
            {preselected.short_description && <p className="hint">{preselected.short_description}</p>}
          </div>
        </div>
        <div className="actions">
          <Button look="primary" onClick={() => onChoose(preselected)}>
            {say(t.choose.connect, { crm: preselected.name })}
          </Button>
          {query.data.length > 1 && (
            <Button look="quiet" onClick={() => setIsListed(true)}>
              {t.choose.other}
            </Button>
          )}
        </div>
      </div>
    );
  }
  return (
    <div className="narrow">
      <Heading title={t.choose.title}>
        <p className="lead">{sayNames(t.choose.text)}</p>
      </Heading>
      <ul className="rows" role="list" aria-label={t.choose.list}>
        {query.data.map((connector) => (
          <li key={connector.slug}>
            <button type="button" className="row" onClick={() => onChoose(connector)}>
              <CrmMark connector={connector} />
              <span className="row-text">
                <span className="row-title">{connector.name}</span>
                {connector.short_description && <span className="hint">{connector.short_description}</span>}
              </span>
              <Icon name="right" />
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The CRM's own mark, if the hub has one: other hosts are not asked for any. Otherwise its first letter. */
export function CrmMark({ connector }: { connector: Connector }) {
  const [isBroken, setIsBroken] = useState(false);
  return (
    <span className="crm-mark" aria-hidden="true">
      {connector.mark_url !== null && !isBroken ? <img src={connector.mark_url} alt="" onError={() => setIsBroken(true)} /> : connector.name.slice(0, 1)}
    </span>
  );
}
