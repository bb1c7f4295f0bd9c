import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState, type SubmitEvent } from "react";
import { Redirect, useSearch } from "wouter";
import { asProblem } from "../api/problem";
import { createSession } from "../api/session";
import { useTitle } from "../components/bits";
import { Button } from "../components/button";
import { Mark } from "../components/icon";
import { problemWords } from "../components/states";
import { beginSession, useSessionQuery } from "../features/session/session";
import { safePath } from "../lib/filters";
import { useStrings } from "../strings";

export default function SignInPage() {
  const t = useStrings();
  useTitle(t.signIn.title);
  const client = useQueryClient();
  const to = new URLSearchParams(useSearch()).get("to");
  const session = useSessionQuery();
  const [missing, setMissing] = useState(false);
  const name = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement>(null);
  const signIn = useMutation({
    mutationFn: (given: { name: string; password: string }) => createSession(given.name, given.password),
    onSuccess: (session) => beginSession(client, session),
    onError: () => password.current?.select(),
  });
  if (session.data) return <Redirect to={safePath(to, location.origin)} replace />;

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
  const [before, after] = t.signIn.hint;
  return (
    <main className="sign-in">
      <div className="sign-in-card">
        <p className="brand">
          <Mark />
          {t.app.name}
        </p>
        <h1>{t.signIn.title}</h1>
        {to && to !== "/" && !shown && <p className="muted">{t.signIn.ended}</p>}
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
            <label htmlFor="name">{t.signIn.name}</label>
            <input id="name" ref={name} name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} required />
          </div>
          <div className="field">
            <label htmlFor="password">{t.signIn.password}</label>
            <input id="password" ref={password} name="password" type="password" autoComplete="current-password" required />
          </div>
          <Button type="submit" look="primary" busy={signIn.isPending}>
            {signIn.isPending ? t.signIn.busy : t.signIn.submit}
          </Button>
        </form>
        <p className="hint">
          {before}
          <code>turnbuckle users</code>
          {after}
        </p>
      </div>
    </main>
  );
}
