import { QueryClientProvider } from "@tanstack/react-query";
import { Component, lazy, Suspense, useState, type ReactNode } from "react";
import { Redirect, Route, Switch, useLocation, useSearch } from "wouter";
import { Button } from "./components/button";
import { NotifyProvider } from "./components/notify";
import { Empty, Loading, ProblemBox } from "./components/states";
import { newQueryClient, SessionContext, useSessionQuery } from "./features/session/session";
import { WritersOnly } from "./features/session/writers-only";
import { SignInAgain } from "./features/session/sign-in-again";
import { Layout } from "./layout";
import { PreferencesProvider } from "./preferences";
import { useStrings, type Words } from "./strings";

const Overview = lazy(() => import("./routes/overview"));
const SignIn = lazy(() => import("./routes/sign-in"));
const Sources = lazy(() => import("./routes/sources"));
const NewSource = lazy(() => import("./routes/source-new"));
const Source = lazy(() => import("./routes/source"));
const EditSource = lazy(() => import("./routes/source-edit"));
const Events = lazy(() => import("./routes/events"));
const Event = lazy(() => import("./routes/event"));
const Endpoints = lazy(() => import("./routes/endpoints"));
const Endpoint = lazy(() => import("./routes/endpoint"));
const NewEndpoint = lazy(() => import("./routes/endpoint-new"));
const EditEndpoint = lazy(() => import("./routes/endpoint-edit"));
const Deliveries = lazy(() => import("./routes/deliveries"));
const Delivery = lazy(() => import("./routes/delivery"));
const Records = lazy(() => import("./routes/records"));
const Record = lazy(() => import("./routes/record"));
const NewRecord = lazy(() => import("./routes/record-new"));
const Functions = lazy(() => import("./routes/functions"));
const NewFunction = lazy(() => import("./routes/function-new"));
const Function = lazy(() => import("./routes/function"));
const FunctionVersions = lazy(() => import("./routes/function-versions"));
const FunctionCalls = lazy(() => import("./routes/function-calls"));
const FunctionCall = lazy(() => import("./routes/function-call"));
const Connections = lazy(() => import("./routes/connections"));
const NewConnection = lazy(() => import("./routes/connection-new"));
const Connection = lazy(() => import("./routes/connection"));
const Subscriptions = lazy(() => import("./routes/subscriptions"));
const Bins = lazy(() => import("./routes/bins"));
const Bin = lazy(() => import("./routes/bin"));
const Settings = lazy(() => import("./routes/settings"));
const Keys = lazy(() => import("./routes/keys"));
const Users = lazy(() => import("./routes/users"));
const NotFound = lazy(() => import("./routes/not-found"));

export function App({ words }: { words: Words }) {
  const [client] = useState(newQueryClient);
  return (
    <PreferencesProvider first={words}>
      <QueryClientProvider client={client}>
        <NotifyProvider>
          <Boundary fallback={<Broken />}>
            <Switch>
              <Route path="/sign-in">
                <Suspense fallback={<Loading />}>
                  <SignIn />
                </Suspense>
              </Route>
              <Route>
                <SignedIn />
              </Route>
            </Switch>
          </Boundary>
        </NotifyProvider>
      </QueryClientProvider>
    </PreferencesProvider>
  );
}

function SignedIn() {
  const session = useSessionQuery();
  const [path] = useLocation();
  const search = useSearch();
  if (session.data === undefined)
    return <main className="alone">{session.error ? <ProblemBox error={session.error} onRetry={() => void session.refetch()} /> : <Loading />}</main>;
  if (session.data === null) {
    const here = path + (search && `?${search}`);
    return <Redirect to={here === "/" ? "/sign-in" : `/sign-in?to=${encodeURIComponent(here)}`} replace />;
  }
  return (
    <SessionContext value={session.data}>
      <Layout key={session.data.user.name}>
        <Boundary key={path} fallback={<Broken />}>
          <Switch>
            <Route path="/">
              <Overview />
            </Route>
            <Route path="/sources">
              <Sources />
            </Route>
            <Route path="/sources/new">
              <WritersOnly>
                <NewSource />
              </WritersOnly>
            </Route>
            <Route path="/sources/:id">{({ id }) => <Source key={id} id={id} />}</Route>
            <Route path="/sources/:id/edit">
              {({ id }) => (
                <WritersOnly>
                  <EditSource key={id} id={id} />
                </WritersOnly>
              )}
            </Route>
            <Route path="/events">
              <Events />
            </Route>
            <Route path="/events/:id">{({ id }) => <Event key={id} id={id} />}</Route>
            <Route path="/endpoints">
              <Endpoints />
            </Route>
            <Route path="/endpoints/new">
              <WritersOnly>
                <NewEndpoint />
              </WritersOnly>
            </Route>
            <Route path="/endpoints/:id">{({ id }) => <Endpoint key={id} id={id} />}</Route>
            <Route path="/endpoints/:id/edit">
              {({ id }) => (
                <WritersOnly>
                  <EditEndpoint key={id} id={id} />
                </WritersOnly>
              )}
            </Route>
            <Route path="/deliveries">
              <Deliveries />
            </Route>
            <Route path="/deliveries/:id">{({ id }) => <Delivery key={id} id={id} />}</Route>
            <Route path="/records">
              <Records />
            </Route>
            <Route path="/records/:connection/:entity/new">
              {({ connection, entity }) => (
                <WritersOnly>
                  <NewRecord connection={connection} entity={entity} />
                </WritersOnly>
              )}
            </Route>
            <Route path="/records/:connection/:entity/:id">{({ connection, entity, id }) => <Record key={id} connection={connection} entity={entity} id={id} />}</Route>
            <Route path="/functions">
              <Functions />
            </Route>
            <Route path="/functions/new">
              <WritersOnly>
                <NewFunction />
              </WritersOnly>
            </Route>
            <Route path="/functions/:name">{({ name }) => <Function key={name} name={name} />}</Route>
            <Route path="/functions/:name/versions">{({ name }) => <FunctionVersions name={name} />}</Route>
            <Route path="/functions/:name/calls">{({ name }) => <FunctionCalls name={name} />}</Route>
            <Route path="/functions/:name/calls/:id">{({ name, id }) => <FunctionCall key={id} name={name} id={id} />}</Route>
            <Route path="/connections">
              <Connections />
            </Route>
            <Route path="/connections/new">
              <WritersOnly>
                <NewConnection />
              </WritersOnly>
            </Route>
            <Route path="/connections/:id">{({ id }) => <Connection key={id} id={id} />}</Route>
            <Route path="/subscriptions">
              <Subscriptions />
            </Route>
            <Route path="/bins">
              <Bins />
            </Route>
            <Route path="/bins/:name">{({ name }) => <Bin key={name} name={name} />}</Route>
            <Route path="/settings">
              <Settings />
            </Route>
            <Route path="/keys">
              <Keys />
            </Route>
            <Route path="/users">
              <Users />
            </Route>
            <Route>
              <NotFound />
            </Route>
          </Switch>
        </Boundary>
      </Layout>
      {session.data.over && <SignInAgain user={session.data.user.name} />}
    </SessionContext>
  );
}

interface BoundaryProps {
  fallback: ReactNode;
  children: ReactNode;
}

/** An error of one page, or a part that a newer build has replaced, leaves the rest standing. */
class Boundary extends Component<BoundaryProps, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override render(): ReactNode {
    return this.state.broken ? this.props.fallback : this.props.children;
  }
}

function Broken() {
  const t = useStrings();
  return (
    <Empty title={t.problem.broken} action={<Button look="primary" onClick={() => location.reload()}>{t.problem.reload}</Button>}>
      <p>{t.problem.brokenDetail}</p>
    </Empty>
  );
}
