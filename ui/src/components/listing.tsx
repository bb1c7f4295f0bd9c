import type { ReactNode } from "react";
import type { Page } from "../api/client";
import { queryOf } from "../lib/filters";
import { useStrings } from "../strings";
import { Pager } from "./bits";
import { Answered, ProblemBox } from "./states";

interface ListingProps<Answer extends { page: Page }, Item> {
  query: { data: Answer | undefined; error: unknown; refetch: () => unknown };
  items: (answer: Answer) => readonly Item[];
  /** The path of the page and its filters, to which the cursors are added. */
  path: string;
  filters?: Readonly<Record<string, string | undefined>>;
  cursor: string | undefined;
  empty: ReactNode;
  children: (items: readonly Item[]) => ReactNode;
}

/** A page of a listing in all its states: loading, failed, empty, filled, and empty with more behind it. */
export function Listing<Answer extends { page: Page }, Item>({ query, items, path, filters = {}, cursor, empty, children }: ListingProps<Answer, Item>) {
  const t = useStrings();
  // Of an address with a place in the list that there is none, or none any more: the list begins anew.
  if (query.data === undefined && query.error && cursor)
    return (
      <>
        <ProblemBox error={query.error} onRetry={() => void query.refetch()} />
        <Pager newest={path + queryOf(filters)} older={null} />
      </>
    );
  return (
    <Answered query={query}>
      {(answer) => {
        const { page } = answer;
        const list = items(answer);
        return (
          <>
            {list.length > 0 ? children(list) : page.has_more ? <p className="muted">{t.app.pageEmpty}</p> : empty}
            <Pager newest={cursor ? path + queryOf(filters) : null} older={page.has_more && page.next ? path + queryOf({ ...filters, cursor: page.next }) : null} />
          </>
        );
      }}
    </Answered>
  );
}
