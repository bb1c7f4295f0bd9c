import { useState } from "react";
import type { User, UserRole } from "../../api/client";
import { errorAt } from "../../api/problem";
import { Button } from "../../components/button";
import { ConfirmDialog } from "../../components/confirm";
import { Dialog } from "../../components/dialog";
import { RadioField, TextField } from "../../components/inputs";
import { useNotify } from "../../components/notify";
import { SecretOnce } from "../../components/secret";
import { ProblemBox } from "../../components/states";
import { useStrings } from "../../strings";
import { useCreateUser, useDeleteUser, useUpdateUser } from "./queries";

export const ROLES: readonly UserRole[] = ["admin", "editor", "viewer"];

/** The password that the server made, which is in its answer alone. */
function PasswordDialog({ name, password, onClose }: { name: string; password: string; onClose: () => void }) {
  const t = useStrings();
  return (
    <Dialog
      title={name}
      onClose={onClose}
      footer={
        <Button look="primary" onClick={onClose}>
          {t.app.close}
        </Button>
      }
    >
      <SecretOnce title={t.users.password} secret={password} />
    </Dialog>
  );
}

export function CreateUserDialog({ onClose }: { onClose: () => void }) {
  const t = useStrings();
  const [name, setName] = useState("");
  const [role, setRole] = useState<UserRole>("editor");
  const create = useCreateUser();
  if (create.data?.password) return <PasswordDialog name={create.data.user.name} password={create.data.password} onClose={onClose} />;
  return (
    <Dialog
      title={t.users.create}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t.app.cancel}</Button>
          <Button look="primary" busy={create.isPending} onClick={() => create.mutate({ name: name.trim(), role })}>
            {t.users.create}
          </Button>
        </>
      }
    >
      <TextField label={t.users.name} hint={t.users.nameHint} autoComplete="off" autoCapitalize="none" spellCheck={false} value={name} error={errorAt(create.error, "/name")} onChange={setName} />
      <RadioField label={t.users.role} value={role} options={ROLES.map((role) => [role, t.app.roles[role], t.users.roleHints[role]] as const)} onChange={setRole} />
      <p className="hint">{t.users.passwordHint}</p>
      {create.error && <ProblemBox error={create.error} />}
    </Dialog>
  );
}

export function RoleDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const t = useStrings();
  const [role, setRole] = useState(user.role);
  const update = useUpdateUser();
  const notify = useNotify();
  const save = (): void =>
    update.mutate(
      { id: user.id, role },
      {
        onSuccess: () => {
          notify(t.app.saved);
          onClose();
        },
      },
    );
  return (
    <Dialog
      title={t.users.roleOf(user.name)}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t.app.cancel}</Button>
          <Button look="primary" busy={update.isPending} onClick={save}>
            {t.app.save}
          </Button>
        </>
      }
    >
      <RadioField label={t.users.role} value={role} options={ROLES.map((role) => [role, t.app.roles[role], t.users.roleHints[role]] as const)} onChange={setRole} />
      {update.error && <ProblemBox error={update.error} />}
    </Dialog>
  );
}

export function ResetPasswordDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const t = useStrings();
  const update = useUpdateUser();
  if (update.data?.password) return <PasswordDialog name={user.name} password={update.data.password} onClose={onClose} />;
  return (
    <ConfirmDialog
      title={t.users.resetTitle(user.name)}
      confirm={t.users.reset}
      busy={update.isPending}
      error={update.error}
      onConfirm={() => update.mutate({ id: user.id, reset_password: true })}
      onClose={onClose}
    >
      <p>{t.users.resetDetail}</p>
    </ConfirmDialog>
  );
}

export function DeleteUserDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const t = useStrings();
  const remove = useDeleteUser(user.id);
  const notify = useNotify();
  const confirm = (): void =>
    remove.mutate(undefined, {
      onSuccess: () => {
        notify(t.app.deleted);
        onClose();
      },
    });
  return (
    <ConfirmDialog title={t.users.deleteTitle(user.name)} confirm={t.app.delete} busy={remove.isPending} error={remove.error} onConfirm={confirm} onClose={onClose}>
      <p>{t.users.deleteDetail}</p>
    </ConfirmDialog>
  );
}
