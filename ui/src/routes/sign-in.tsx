import { useQueryClient } from "@tanstack/react-query";
import { Redirect, useSearch } from "wouter";
import { useTitle } from "../components/bits";
import { Mark } from "../components/icon";
import { beginSession, useSessionQuery } from "../features/session/session";
import { SignInForm } from "../features/session/sign-in-form";
import { safePath } from "../lib/filters";
import { useStrings } from "../strings";

export default function SignInPage() {
  const t = useStrings();
  useTitle(t.signIn.title);
  const client = useQueryClient();
  const to = new URLSearchParams(useSearch()).get("to");
  const session = useSessionQuery();
  if (session.data) return <Redirect to={safePath(to, location.origin)} replace />;
  const [before, after] = t.signIn.hint;
  return (
    <main className="sign-in">
      <div className="sign-in-card">
        <p className="brand">
          <Mark />
          {t.app.name}
        </p>
        <h1>{t.signIn.title}</h1>
        <SignInForm about={to && to !== "/" ? t.signIn.ended : undefined} onDone={(session) => beginSession(client, session)} />
        <p className="hint">
          {before}
          <code>turnbuckle users</code>
          {after}
        </p>
      </div>
    </main>
  );
}
