// Holds the shapes to the description of the API: where a member is renamed there, this does not compile.
import type { components } from "../../../src/api/schema";
import type { Authorization, CollectField, Column, ColumnOperator, Connection, Connector, Draft, Entity, EntitySummary, LinkDocument, Platform, Preview, SearchResult } from "./shapes";

type Schemas = components["schemas"];
/** Members of ours that the answer of the hub has not. */
type Unknown<Ours, Theirs> = Exclude<keyof Ours, keyof Theirs>;
type Known<Ours, Theirs> = Unknown<Ours, Theirs> extends never ? true : Unknown<Ours, Theirs>;

export const known: readonly [
  Known<Platform, Schemas["PlatformView"]>,
  Known<Connector, Schemas["LinkConnectorView"]>,
  Known<Connection, Schemas["LinkConnectionView"]>,
  Known<Authorization, Schemas["AuthorizationView"]>,
  Known<CollectField, Schemas["CollectFieldView"]>,
  Known<EntitySummary, Schemas["EntityView"]>,
  Known<Entity, Schemas["LinkEntityView"]>,
  Known<Column, Schemas["LinkColumnView"]>,
  Known<ColumnOperator, Schemas["OperatorView"]>,
  Known<LinkDocument, Schemas["LinkView"]>,
  Known<Draft, Schemas["LinkDraftView"]>,
  Known<Preview, Schemas["PreviewLinkAnswer"]>,
  Known<SearchResult, Schemas["SearchLinkAnswer"]>,
] = [true, true, true, true, true, true, true, true, true, true, true, true, true];
