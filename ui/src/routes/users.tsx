import { useState } from "react";
import { useSearch } from "wouter";
import type { User } from "../api/client";
import { PageHeader } from "../components/bits";
import { ActionMenu } from "../components/action-menu";
import { Button } from "../components/button";
import { Listing } from "../components/listing";
import { Cell, Row, Table } from "../components/table";
import { Time } from "../components/time";
import { AdminOnly } from "../features/session/admin-only";
import { useSession } from "../features/session/session";
import { useUsers } from "../features/users/queries";
import { CreateUserDialog, DeleteUserDialog, ResetPasswordDialog, RoleDialog } from "../features/users/user-dialogs";
import { filtersFrom } from "../lib/filters";
import { useStrings } from "../strings";

export default function UsersPage() {
  const t = useStrings();
  return (
    <AdminOnly title={t.users.title}>
      <Users />
    </AdminOnly>
  );
}

type Open = { what: "create" } | { what: "role" | "reset" | "delete"; user: User };

function Users() {
  const t = useStrings();
  const { cursor } = filtersFrom(useSearch(), ["cursor"]);
  const users = useUsers(cursor);
  const me = useSession().user.id;
  const [open, setOpen] = useState<Open | null>(null);
  const close = (): void => setOpen(null);
  return (
    <>
      <PageHeader
        title={t.users.title}
        actions={
          <Button look="primary" onClick={() => setOpen({ what: "create" })}>
            {t.users.create}
          </Button>
        }
      >
        <p className="muted">{t.users.about}</p>
      </PageHeader>
      <Listing query={users} items={(answer) => answer.users} path="/users" cursor={cursor} empty={<p className="muted">{t.app.none}</p>}>
        {(list) => (
          <Table
            label={t.users.title}
            columns={[
              { key: "name", label: t.users.name },
              { key: "role", label: t.users.role },
              { key: "made", label: t.app.created },
              { key: "action", label: t.app.more, hidden: true },
            ]}
          >
            {list.map((user) => (
              <Row key={user.id}>
                <Cell column="name">
                  <strong className="url">{user.name}</strong> {user.id === me && <span className="muted">{t.users.you}</span>}
                </Cell>
                <Cell column="role" label={t.users.role}>
                  {t.app.roles[user.role]}
                </Cell>
                <Cell column="made" label={t.app.created}>
                  <Time at={user.created_at} />
                </Cell>
                <Cell column="action">
                  <ActionMenu
                    label={t.users.actionsFor(user.name)}
                    actions={[
                      { label: t.users.changeRole, onSelect: () => setOpen({ what: "role", user }) },
                      { label: t.users.resetAsk, onSelect: () => setOpen({ what: "reset", user }) },
                      { label: t.app.deleteAsk, onSelect: () => setOpen({ what: "delete", user }), danger: true },
                    ]}
                  />
                </Cell>
              </Row>
            ))}
          </Table>
        )}
      </Listing>
      {open?.what === "create" && <CreateUserDialog onClose={close} />}
      {open?.what === "role" && <RoleDialog user={open.user} onClose={close} />}
      {open?.what === "reset" && <ResetPasswordDialog user={open.user} onClose={close} />}
      {open?.what === "delete" && <DeleteUserDialog user={open.user} onClose={close} />}
    </>
  );
}
