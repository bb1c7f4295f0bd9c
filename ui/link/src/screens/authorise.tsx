// Authorisation of a connection: nothing, fields that the user types, or a window (or the page) of the CRM.
import { useMutation, useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useId, useRef, useState } from "react";
import type { LinkErrorCode } from "../../../../sdk/js/link/src/types";
import { asProblem } from "../../../src/api/problem";
import { Button } from "../../../src/components/button";
import type { Authorization, CollectField, Connection, Connector } from "../api/shapes";
import { Heading, Loading, Notice, ProblemBox } from "../parts/problem";
import { useSession } from "../state/session";
import { say, useSay, useStrings } from "../strings";
import { CrmMark } from "./choose";

interface AuthoriseProps {
  connector: Connector;
  connectionID: string;
  /** The connection as it was found, if it is there: why it is in error is told before anything is begun. */
  found: Connection | null;
  onActive: (connection: Connection) => void;
  /** Told of what closing Link now would mean. */
  onState: (code: LinkErrorCode) => void;
  onOther: () => void;
}

const POLL_MS = 1000;
const LOOK_MS = 500;
/** A window that did its work closes itself; the polling then has the time to see it. */
const CLOSED_LOOKS = 5;
const POPUP = "popup,width=625,height=700";
/** What the window shows that opens on the click, until it is known where it goes. */
const ANTEROOM = "/authorizations/loading";
/** A door lets a window in for a minute. */
const DOOR_MS = 45_000;

export const isActive = (connection: Connection | null | undefined): boolean => connection?.enabled === true && connection.authorization?.status === "active";

export function Authorise({ connector, connectionID, found, onActive, onState, onOther }: AuthoriseProps) {
  const t = useStrings();
  const sayNames = useSay();
  const values = { crm: connector.name };
  const { api, host } = useSession();
  const [popup, setPopup] = useState<Window | null>(null);
  const [trouble, setTrouble] = useState<"blocked" | "closed" | null>(null);
  const [isAway, setIsAway] = useState(false);
  const [submitted, setSubmitted] = useState<Authorization | null>(null);
  // What an earlier attempt ended with must not be taken for the end of this one.
  const [attempt, setAttempt] = useState(0);

  const begin = useMutation({ mutationFn: () => api.connect(connector.slug, connectionID) });
  const start = begin.mutate;
  const began = useRef(false);
  const isInError = found?.authorization?.status === "error";
  useEffect(() => {
    // Once, although effects may run twice: each call begins an authorisation.
    if (!began.current && !isInError) start();
    began.current = true;
  }, [start, isInError]);

  const first = begin.data ?? (begin.isIdle && isInError ? found : undefined);
  const poll = useQuery({
    queryKey: ["authorization", connectionID, attempt],
    queryFn: () => api.connection(connectionID),
    enabled: first !== undefined && !isActive(first) && isAway,
    refetchInterval: (query) => (query.state.data?.authorization?.status === "error" ? false : POLL_MS),
  });
  const connection = poll.data ?? first;
  const authorization = poll.data?.authorization ?? submitted ?? connection?.authorization;

  useEffect(() => {
    if (connection && isActive(connection)) {
      popup?.close();
      onActive(connection);
    }
  }, [connection, onActive, popup]);

  // A page that isolates itself from its opener looks closed at once, so this only tells; the polling decides.
  const isWaiting = popup !== null && authorization?.status === "awaiting_callback";
  useEffect(() => {
    if (!isWaiting) return;
    let looks = 0;
    const timer = setInterval(() => {
      looks = popup.closed ? looks + 1 : 0;
      if (looks < CLOSED_LOOKS) return;
      setTrouble("closed");
      onState("popup-closed");
    }, LOOK_MS);
    return () => clearInterval(timer);
  }, [isWaiting, popup, onState]);

  const code = authorization?.status === "error" ? reasonOf(authorization.error_code) : null;
  useEffect(() => {
    if (code) onState(code);
  }, [code, onState]);

  // An id that belongs to another context is as if it were not there, and cannot be made either.
  const isMissing = begin.error !== null && asProblem(begin.error).status === 404;
  useEffect(() => {
    if (isMissing) onState("connection-not-found");
  }, [isMissing, onState]);

  const again = useCallback((): void => {
    setPopup(null);
    setTrouble(null);
    setIsAway(false);
    setSubmitted(null);
    setAttempt((before) => before + 1);
    start();
  }, [start]);

  const canGo = (authorization?.authorize_url ?? null) !== null;
  const door = useMutation({ mutationFn: () => api.doorTo(connector.slug, authorization?.id ?? "") });
  const goThere = (): void => {
    setTrouble(null);
    setIsAway(true);
    // On the click, or browsers block it; where it goes is asked for meanwhile.
    const opened = host.kind === "redirect" ? window : window.open(ANTEROOM, "turnbuckle-authorise", POPUP);
    if (opened !== window) setPopup(opened);
    if (!opened) {
      setTrouble("blocked");
      onState("popup-blocked");
      return;
    }
    door.mutate(undefined, {
      onSuccess: (to) => opened.location.assign(to),
      onError: () => {
        if (opened !== window) opened.close();
      },
    });
  };
  // A link needs its address before it is clicked.
  const side = useQuery({
    queryKey: ["door", authorization?.id],
    queryFn: () => api.doorTo(connector.slug, authorization?.id ?? ""),
    enabled: trouble !== null && canGo,
    refetchInterval: DOOR_MS,
    staleTime: 0,
  });
  const tab = side.data !== undefined && (
    <a href={side.data} target="_blank" rel="opener" onClick={() => setIsAway(true)}>
      {say(t.authorise.tab, values)}
    </a>
  );
  const prototype = authorization?.authorizer?.prototype;
  const fields = prototype?.collect_fields ?? [];

  return (
    <div className="narrow">
      <Heading title={say(t.authorise.title, values)}>
        <div className="one-crm">
          <CrmMark connector={connector} />
          <p>{fields.length > 0 ? say(sayNames(t.authorise.fieldsText), values) : say(sayNames(t.authorise.text), values)}</p>
        </div>
      </Heading>
      {begin.error && isMissing ? (
        <Notice tone="bad" alert title={t.problem.missing}>
          <p>{sayNames(t.problem.missingText)}</p>
        </Notice>
      ) : begin.error ? (
        <ProblemBox error={begin.error} onRetry={again} />
      ) : !connection || isActive(connection) ? (
        <Loading lines={2} label={t.authorise.starting} />
      ) : code ? (
        <Failure code={code} message={authorization?.error_message ?? null} crm={connector.name} onRetry={again} />
      ) : fields.length > 0 && !isAway ? (
        <CollectForm
          fields={fields}
          instructions={prototype?.collect_instructions ?? null}
          submit={(given) => api.submitFields(prototype?.slug ?? connector.slug, authorization?.state ?? null, given)}
          onSubmitted={(authorization) => {
            setSubmitted(authorization);
            // Nobody else is to be asked: what is left is to hear that it is connected.
            if ((authorization.authorize_url ?? null) === null) setIsAway(true);
          }}
        />
      ) : (
        <>
          {poll.error && <ProblemBox error={poll.error} onRetry={() => void poll.refetch()} />}
          {trouble === "blocked" && (
            <Notice tone="wait" alert title={t.authorise.blocked}>
              <p>{say(t.authorise.blockedText, values)}</p>
              <p>{tab}</p>
            </Notice>
          )}
          {trouble === "closed" && (
            <Notice tone="wait" alert title={t.authorise.closed}>
              <p>{t.authorise.closedText}</p>
              <p>{tab}</p>
            </Notice>
          )}
          {isAway && trouble === null && !door.error && <Loading lines={0} label={authorization?.status === "retrieving_tokens" ? t.authorise.tokens : say(t.authorise.waiting, values)} />}
          {!isAway && <p className="hint">{say(host.kind === "redirect" ? t.authorise.redirect : t.authorise.popup, values)}</p>}
          {door.error && <ProblemBox error={door.error} onRetry={goThere} />}
          {canGo && (
            <div className="actions">
              <Button look={isAway && trouble === null ? "plain" : "primary"} onClick={goThere}>
                {isAway ? t.authorise.again : say(t.authorise.go, values)}
              </Button>
            </div>
          )}
        </>
      )}
      <div className="actions">
        <Button look="quiet" onClick={onOther}>
          {t.authorise.otherCrm}
        </Button>
      </div>
    </div>
  );
}

function reasonOf(error: string | null): LinkErrorCode {
  if (error === "access_denied") return "access-denied";
  return error === "temporarily_unavailable" ? "unavailable" : "authorization-failed";
}

function Failure({ code, message, crm, onRetry }: { code: LinkErrorCode; message: string | null; crm: string; onRetry: () => void }) {
  const t = useStrings();
  const words =
    code === "access-denied"
      ? [t.authorise.denied, t.authorise.deniedText]
      : code === "unavailable"
        ? [t.authorise.unavailable, t.authorise.unavailableText]
        : [t.authorise.failed, message ?? t.authorise.failedText];
  return (
    <Notice tone="bad" alert title={say(words[0] ?? "", { crm })} action={<Button onClick={onRetry}>{t.app.retry}</Button>}>
      <p>{say(words[1] ?? "", { crm })}</p>
    </Notice>
  );
}

interface CollectFormProps {
  fields: readonly CollectField[];
  instructions: string | null;
  submit: (given: Record<string, string>) => Promise<Authorization>;
  onSubmitted: (authorization: Authorization) => void;
}

function CollectForm({ fields, instructions, submit, onSubmitted }: CollectFormProps) {
  const t = useStrings();
  const id = useId();
  const [given, setGiven] = useState<Record<string, string>>({});
  const [isAsked, setIsAsked] = useState(false);
  const send = useMutation({ mutationFn: submit, onSuccess: onSubmitted });
  const isMissing = (field: CollectField): boolean => (given[field.name] ?? "").trim() === "";
  return (
    <form
      className="form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setIsAsked(true);
        const missing = fields.find(isMissing);
        if (missing) document.getElementById(`${id}-${missing.name}`)?.focus();
        else if (!send.isPending) send.mutate(given);
      }}
    >
      {instructions !== null && <p>{instructions}</p>}
      {fields.map((field) => (
        <div key={field.name} className="field">
          <label htmlFor={`${id}-${field.name}`}>{field.label}</label>
          <div className="value-input">
            <input
              id={`${id}-${field.name}`}
              type={field.secret ? "password" : "text"}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              value={given[field.name] ?? ""}
              aria-invalid={(isAsked && isMissing(field)) || undefined}
              aria-describedby={isAsked && isMissing(field) ? `${id}-${field.name}-error` : undefined}
              onChange={(event) => setGiven({ ...given, [field.name]: event.target.value })}
            />
            {field.suffix && <span className="suffix">{field.suffix}</span>}
          </div>
          {isAsked && isMissing(field) && (
            <p id={`${id}-${field.name}-error`} className="error-text">
              {t.authorise.missing}
            </p>
          )}
        </div>
      ))}
      {send.error && <ProblemBox error={send.error} />}
      <div className="actions">
        <Button look="primary" type="submit" busy={send.isPending}>
          {t.authorise.submit}
        </Button>
      </div>
    </form>
  );
}
