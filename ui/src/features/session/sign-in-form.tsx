import { useMutation } from "@tanstack/react-query";
import { useEffect, useId, useRef, useState, type SubmitEvent } from "react";
import { asProblem } from "../../api/problem";
import { createSession, type Session } from "../../api/session";
import { Button } from "../../components/button";
import { problemWords } from "../../components/states";
import { useStrings } from "../../strings";

interface Props {
  /** Who signs in; whoever wants where it is missing. */
  user?: string;
  /** What is said while nothing is wrong. */
  about?: string | undefined;
  onDone: (session: Session) => void;
}

export function SignInForm({ user, about, onDone }: Props) {
  const t = useStrings();
  const id = useId();
  const [missing, setMissing] = useState(false);
  const name = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement>(null);
  const signIn = useMutation({
    mutationFn: (given: { name: string; password: string }) => createSession(given.name, given.password),
    onSuccess: onDone,
    onError: () => password.current?.select(),
  });
  // Whoever comes here comes to type this.
  useEffect(() => (user === undefined ? name : password).current?.focus(), [user]);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (signIn.isPending) return;
    // Read from the inputs: password managers fill them without a change event.
    const given = { name: name.current?.value.trim() ?? "", password: password.current?.value ?? "" };
    const lacking = given.name === "" ? name : given.password === "" ? password : null;
    setMissing(lacking !== null);
    if (lacking) lacking.current?.focus();
    else signIn.mutate(given);
  };
  const problem = signIn.error ? asProblem(signIn.error) : null;
  const words = problem && (problem.status === 401 ? { title: t.signIn.wrong, detail: t.signIn.wrongDetail } : problemWords(problem, t));
  const shown = missing ? { title: t.signIn.missing, detail: null } : words;
  return (
    <>
      {about && !shown && <p className="muted">{about}</p>}
      <div role="alert">
        {shown && (
          <div className="notice notice-bad">
            <div className="notice-text">
              <strong>{shown.title}</strong>
              {shown.detail && <p>{shown.detail}</p>}
            </div>
          </div>
        )}
      </div>
      {/* The policy of the page forbids native submits; `submit` is all there is. */}
      <form className="form" noValidate onSubmit={submit}>
        <div className="field">
          <label htmlFor={`${id}-name`}>{t.signIn.name}</label>
          <input id={`${id}-name`} ref={name} name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} required defaultValue={user} readOnly={user !== undefined} />
        </div>
        <div className="field">
          <label htmlFor={`${id}-password`}>{t.signIn.password}</label>
          <input id={`${id}-password`} ref={password} name="password" type="password" autoComplete="current-password" required />
        </div>
        <Button type="submit" look="primary" busy={signIn.isPending}>
          {signIn.isPending ? t.signIn.busy : t.signIn.submit}
        </Button>
      </form>
    </>
  );
}
