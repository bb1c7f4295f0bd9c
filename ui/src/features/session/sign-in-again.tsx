import { useQueryClient } from "@tanstack/react-query";
import { Dialog } from "../../components/dialog";
import { mayLeave } from "../../components/unsaved";
import { useStrings } from "../../strings";
import { beginSession, resumeSession } from "./session";
import { SignInForm } from "./sign-in-form";

/** Over a page whose session has ended: what was written on it is not lost. Closing it lets go of the page. */
export function SignInAgain({ user }: { user: string }) {
  const t = useStrings();
  const client = useQueryClient();
  return (
    <Dialog title={t.signIn.again} onClose={() => mayLeave() && beginSession(client, null)}>
      <SignInForm user={user} about={t.signIn.againDetail(user)} onDone={(session) => resumeSession(client, session)} />
    </Dialog>
  );
}
