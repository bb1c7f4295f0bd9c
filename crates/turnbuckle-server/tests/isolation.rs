//! No key reaches what it is not for. Every route of `/api/openapi.json` is called
//! with ids that exist in the first workspace, by keys that must not get at them:
//! of another workspace, that only read, that only bring data in, that are bound
//! to another connection, and by nobody.
//!
//! What the first workspace owns says [`MARKER`] somewhere, so an answer that
//! holds it is a leak, whatever its status. Afterwards everything that can be read
//! is read again and must be as before. A new route fails here until the tables
//! at the end know how to call it. The same walk shows that none takes a query
//! parameter that it does not know.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value as Json, json};
use turnbuckle_testkit::setup::{CONNECTION, everything, object_path, text};
use turnbuckle_testkit::{Answer, Client, HubProcess, WebhookSink, wait};

const MARKER: &str = "zebra";

/// By the name that paths have for them.
type Ids = BTreeMap<&'static str, String>;

/// A route of the document, ready to be called.
struct Route {
    method: Method,
    template: String,
    /// With ids of the first workspace put in.
    path: String,
    body: Option<Json>,
}

/// A hub whose first workspace has one of everything.
struct World {
    hub: HubProcess,
    routes: Vec<Route>,
    /// Those of the browser API, which take the token of a context and no key.
    of_browsers: Vec<Route>,
    _sink: WebhookSink,
}

impl World {
    async fn build() -> Self {
        let hub = HubProcess::start(env!("CARGO_BIN_EXE_turnbuckle")).await;
        let sink = WebhookSink::start().await;
        let ids = furnish(hub.client(), &sink).await;
        let document = hub.client().anonymous().get("/api/openapi.json").await.expect(200);
        let (of_browsers, routes) = routes(&document, &ids)
            .into_iter()
            .partition(|route| route.template.starts_with("/api/platform_user/"));
        let world = Self { hub, routes, of_browsers, _sink: sink };
        world.check_ids().await;
        world
    }

    fn owner(&self) -> &Client {
        self.hub.client()
    }

    /// Nothing is shown by asking for ids that nobody has: the owner finds each.
    async fn check_ids(&self) {
        for route in self.routes.iter().filter(|route| route.method == Method::GET) {
            let answer = self.call(self.owner(), route).await;
            assert_eq!(answer.status, 200, "{answer}");
            let names_something = route.template.contains('{');
            let is_marked = answer.text.contains(MARKER) || UNMARKED.contains(&&*route.template);
            assert!(is_marked || !names_something, "has no marker: {answer}");
        }
    }

    async fn call(&self, client: &Client, route: &Route) -> Answer {
        self.call_with(client, route, "").await
    }

    /// The same with a query behind the path.
    async fn call_with(&self, client: &Client, route: &Route, query: &str) -> Answer {
        let path = format!("{}{query}", route.path);
        let mut request = client.request(route.method.clone(), &path);
        if let Some(body) = &route.body {
            request = request.json(body);
        }
        client.send(request).await
    }

    /// Everything that the owner can read.
    async fn all(&self) -> BTreeMap<String, Json> {
        let mut found = BTreeMap::new();
        for route in self.routes.iter().filter(|route| route.method == Method::GET) {
            let mut answer = self.call(self.owner(), route).await.expect(200);
            forget_volatile(&mut answer);
            found.insert(route.path.clone(), answer);
        }
        found
    }

    /// Calls every route and checks that each answer is one of those allowed. An
    /// empty list skips the route.
    async fn walk(&self, client: &Client, sight: Sight, allowed: impl Fn(&Route) -> Vec<u16>) {
        let before = self.all().await;
        let mut wrong = Vec::new();
        for route in &self.routes {
            let allowed = allowed(route);
            if allowed.is_empty() {
                continue;
            }
            let answer = self.call(client, route).await;
            let is_leak = sight == Sight::Nothing && answer.text.contains(MARKER);
            if is_leak || !allowed.contains(&answer.status) {
                wrong.push(format!("{answer} (allowed: {allowed:?})"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        for (path, document) in self.all().await {
            assert_eq!(document, before[&path], "{path} has changed");
        }
    }
}

/// What a key may see of the first workspace.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sight {
    Nothing,
    Everything,
}

#[tokio::test]
async fn another_workspace_reaches_nothing() {
    let world = World::build().await;
    let wanted = json!({"slug": "other", "label": "Other"});
    let answer = world.owner().post("/api/v1/workspaces", wanted).await.expect(201);
    let stranger = world.owner().with_new_key(&answer["key"]);
    world
        .walk(&stranger, Sight::Nothing, |route| match route {
            _ if route.template.starts_with("/api/v1/workspaces") => vec![403],
            // It may use the same ids for things of its own; see below.
            _ if CHOSEN_IDS.contains(&(route.method.as_str(), &route.template)) => vec![],
            // A connector is the server's; this one takes no client, of whomever.
            _ if route.template.starts_with("/api/v1/oauth-clients/") => vec![409],
            _ if route.template.contains('{') => vec![403, 404],
            _ if route.method == Method::GET => vec![200],
            _ => vec![200, 201, 202, 204, 400, 404, 409],
        })
        .await;

    // A cursor is good for its workspace alone.
    world.owner().create_source(json!({"name": "another"})).await;
    let page = world.owner().get("/api/v1/sources?limit=1").await.expect(200);
    let cursor = text(&page["page"]["next"]);
    stranger.get(&format!("/api/v1/sources?limit=1&cursor={cursor}")).await.expect(400);

    let before = world.all().await;
    for route in &world.routes {
        if CHOSEN_IDS.contains(&(route.method.as_str(), &route.template)) {
            let answer = world.call(&stranger, route).await;
            assert!([200, 201].contains(&answer.status), "{answer}");
        }
    }
    assert_eq!(world.all().await, before, "a thing of the same name is another one");
    let search = json!({"filter": everything()});
    let path = format!("/api/v1/connections/{CONNECTION}/entities/Contact/records/search");
    let found = stranger.post(&path, search).await.expect(200);
    assert_eq!(found["records"], json!([]), "its own connection of that name is empty");
}

async fn key(world: &World, scope: &str) -> Client {
    let answer = world.owner().post("/api/v1/keys", json!({"scopes": [scope]})).await.expect(201);
    world.owner().with_new_key(&answer["key"])
}

#[tokio::test]
async fn a_reading_key_changes_nothing() {
    let world = World::build().await;
    let reader = key(&world, "read").await;
    world
        .walk(&reader, Sight::Everything, |route| match route {
            _ if is_closed_to_readers(route) => vec![403],
            _ if route.method == Method::GET || asks(route) => vec![200],
            _ => vec![403],
        })
        .await;
}

#[tokio::test]
async fn a_key_that_brings_data_in_reads_nothing() {
    let world = World::build().await;
    let ingest = key(&world, "ingest").await;
    world
        .walk(
            &ingest,
            Sight::Nothing,
            |route| {
                if writes_records(route) { vec![] } else { vec![403] }
            },
        )
        .await;
}

#[tokio::test]
async fn a_key_of_one_connection_reaches_no_other() {
    let world = World::build().await;
    world.owner().connect_as("other-crm", "other").await;
    let bound = key(&world, "connection:other-crm").await;
    world.walk(&bound, Sight::Nothing, |_| vec![403, 404]).await;
    let path = "/api/v1/connections/other-crm/entities/Contact/records";
    bound.post(path, json!({"data": {"Name": "Ada"}})).await.expect(201);
}

#[tokio::test]
async fn nobody_gets_in_without_a_key() {
    let world = World::build().await;
    let anonymous = world.owner().anonymous();
    world.walk(&anonymous, Sight::Nothing, |_| vec![401]).await;
    let forger = world.owner().with_key("pk_test", "sk_other");
    world.walk(&forger, Sight::Nothing, |_| vec![401]).await;
}

#[tokio::test]
async fn the_token_of_a_context_reaches_its_own_connections_alone() {
    let world = World::build().await;
    let before = world.all().await;
    for context in ["acme", "other"] {
        let wanted = json!({"context": {"external_id": context}});
        let made = world.owner().post("/api/platform/contexts", wanted).await.success();
        let page = world.owner().with_token(&text(&made["access_token"]));
        let mut wrong = Vec::new();
        for route in &world.routes {
            let answer = world.call(&page, route).await;
            if answer.status != 401 {
                wrong.push(format!("{answer} (takes key sets alone)"));
            }
        }
        for route in &world.of_browsers {
            // What the owner's own token changes is told elsewhere.
            if context == "acme" && route.method != Method::GET {
                continue;
            }
            let answer = world.call(&page, route).await;
            let allowed: &[u16] = match context {
                "acme" => &[200],
                _ if route.template.contains("/connection/") => &[404],
                _ => &[200, 404],
            };
            let is_leak = context == "other" && answer.text.contains(MARKER);
            if is_leak || !allowed.contains(&answer.status) {
                wrong.push(format!("{answer} (allowed to {context}: {allowed:?})"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
    for route in &world.of_browsers {
        for client in [world.owner(), &world.owner().anonymous()] {
            world.call(client, route).await.expect(401);
        }
    }
    let mut after = world.all().await;
    // The context of the second token is new.
    after.insert("/api/v1/contexts".to_owned(), before["/api/v1/contexts"].clone());
    assert_eq!(after, before);
}

#[tokio::test]
async fn no_call_takes_a_parameter_that_it_does_not_know() {
    let world = World::build().await;
    let before = world.all().await;
    for route in &world.routes {
        let answer = world.call_with(world.owner(), route, "?after_all=24h").await;
        let problem = answer.clone().expect(400);
        assert_eq!(problem["errors"][0]["path"], "?after_all", "{answer}");
    }
    assert_eq!(world.all().await, before);
}

/// Who may call is no business of a key that reads.
fn is_closed_to_readers(route: &Route) -> bool {
    let closed = ["/api/v1/workspaces", "/api/v1/keys", "/api/v1/users"];
    closed.iter().any(|path| route.template.starts_with(path))
}

/// A `POST` that changes nothing. The event that is invoked here is a search.
fn asks(route: &Route) -> bool {
    const ASKING: [&str; 5] = [
        "/api/v1/connections/{connection}/entities/{entity}/records/batch",
        "/api/v1/connections/{connection}/entities/{entity}/records/search",
        "/api/v1/connections/{connection}/mapping/preview",
        "/api/v1/crm/{connection}/objects/{object}/events/{event}",
        "/api/v1/crm/{connection}/objects/{object}/mapping",
    ];
    route.method == Method::POST && ASKING.contains(&&*route.template)
}

fn writes_records(route: &Route) -> bool {
    let is_record = route.template.ends_with("/records") || route.template.ends_with("/{record}");
    route.method != Method::GET && is_record
}

/// Removes what changes by being looked at, or as time passes.
fn forget_volatile(document: &mut Json) {
    match document {
        Json::Object(members) => {
            for name in ["last_used_at", "next", "updated_at", "keys", "statistics"] {
                members.shift_remove(name);
            }
            members.values_mut().for_each(forget_volatile);
        }
        Json::Array(values) => values.iter_mut().for_each(forget_volatile),
        _ => {}
    }
}

/// The routes of the document, each with ids and a body.
fn routes(document: &Json, ids: &Ids) -> Vec<Route> {
    let mut found = Vec::new();
    for (template, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            if !["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method.as_str()) {
                continue;
            }
            // An answer that goes on has a test of its own.
            if template == "/api/v1/stream" || OPEN.iter().any(|it| template.starts_with(it)) {
                continue;
            }
            let body = operation.get("requestBody").map(|_| body(&method, template, ids));
            let path = fill(template, ids);
            found.push(Route { method, template: template.clone(), path, body });
        }
    }
    assert!(found.len() > 60, "only {} routes", found.len());
    found
}

/// Puts ids into a path. What a name means may depend on the path.
fn fill(template: &str, ids: &Ids) -> String {
    let filled = template.split('/').map(|part| {
        let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else {
            return part.to_owned();
        };
        let name = match name {
            "event" if template.contains("inbound-events") => "inbound_event",
            "record" if template.contains("/crm/") => "universal_record",
            "key" if template.contains("/sources/") => "source_key",
            name => name,
        };
        let id = ids.get(name);
        id.unwrap_or_else(|| panic!("what is `{name}` in {template}?")).clone()
    });
    filled.collect::<Vec<_>>().join("/")
}

/// Makes one of everything and answers the ids.
async fn furnish(owner: &Client, sink: &WebhookSink) -> Ids {
    let api = |path: &str| format!("/api/v1/{path}");
    let context = json!({"external_name": MARKER});
    owner.put(&api("contexts/acme"), context).await.success();
    owner.connect().await;
    let entity = json!({"label": MARKER, "label_plural": MARKER, "columns": [
        {"name": "UsrName", "label": MARKER, "type": "text", "required": true}
    ]});
    let path = format!("connections/{CONNECTION}/entities/UsrAnimal");
    owner.put(&api(&path), entity).await.success();
    let title = json!({"type": "string", "label": MARKER});
    let objects = json!({"animal": {"label": MARKER, "fields": {"title": title}, "events": {
        "find": {"type": "search", "label": MARKER, "payloadSchema": {}}
    }}});
    let mapping = json!({"animal": {
        "entity": "UsrAnimal",
        "fields": {"title": {"column": "UsrName"}, "kind": {"static": MARKER}},
        "events": {"find": {"action": "search", "filter": everything()}}
    }});
    let mut objects = objects;
    objects["animal"]["fields"]["kind"] = json!({"type": "string", "label": MARKER});
    owner.declare(objects, mapping).await;
    owner.put(&api("objects/animal"), json!({"label": MARKER})).await.success();
    owner
        .put(&api("settings/webhooks"), json!({"url": format!("{}/{MARKER}", sink.url())}))
        .await
        .success();

    let endpoint = json!({
        "format": "standard", "scope": "changes", "description": MARKER, "coalesce": false
    });
    let endpoint = owner.create_endpoint(sink, endpoint).await;
    let events = format!("{}/events/find/subscriptions", object_path("animal"));
    owner.post(&events, json!({"payload": {}})).await.expect(204);
    let source = json!({
        "name": MARKER, "reply": "processed", "entities": ["UsrAnimal"],
        "defaults": {"UsrAnimal": {"UsrName": MARKER}}
    });
    let source = owner.create_source(source).await;
    let body = json!({"EntityName": "UsrAnimal", "UsrName": MARKER});
    let event = owner.post(&source.path, body).await.expect(200);
    let record = text(&event["records"][0]["id"]);
    let delivery = sink.wait_for(1).await[0].id().to_owned();

    let replay = json!({"ids": [event["id"]]});
    let replay = owner.post(&api("inbound-events/replay"), replay).await.success();
    let replay = text(&replay["replay"]["id"]);
    let recover = api(&format!("endpoints/{}/recover", endpoint.id));
    let since = json!({"since": endpoint.view["created_at"]});
    let recovery = text(&owner.post(&recover, since).await.success()["recovery"]["id"]);
    for (name, path) in [
        ("replay", api(&format!("replays/{replay}"))),
        ("recovery", api(&format!("recoveries/{recovery}"))),
    ] {
        wait::until(&format!("the {name} to be done"), async || {
            let answer = owner.get(&path).await.expect(200);
            (answer[name]["status"] == "done").then_some(())
        })
        .await;
    }
    let script = format!("handler = () => {{ throw new Error('{MARKER}') }}");
    let function = json!({"source": script, "rest_api": true});
    let function = owner.put(&api("functions/mine"), function).await.success();
    let sandbox = text(&function["function"]["urls"]["sandbox"]);
    let sandbox = &sandbox[sandbox.find("/sandbox").unwrap()..];
    owner.anonymous().post(sandbox, json!({})).await.expect(500);
    let call = wait::until("the call to be logged", async || {
        let calls = owner.list("/api/v1/functions/mine/calls", "calls").await;
        calls.first().map(|call| text(&call["id"]))
    })
    .await;
    let bin = owner.post(&api("bins"), json!({})).await.expect(201)["bin"].clone();
    let bin = text(&bin["name"]);
    owner.anonymous().post(&format!("/bin/{bin}"), json!({ MARKER: true })).await.success();
    let key = json!({"scopes": ["read"], "label": MARKER});
    let key = owner.post(&api("keys"), key).await.expect(201);
    let user = json!({"name": MARKER, "role": "viewer"});
    let user = owner.post(&api("users"), user).await.expect(201);
    let source_view = owner.get(&api(&format!("sources/{}", source.id))).await.expect(200);
    wait::until("nothing to be pending", async || {
        let pending = owner.list("/api/v1/deliveries?status=pending", "deliveries").await;
        pending.is_empty().then_some(())
    })
    .await;

    BTreeMap::from([
        ("connection", CONNECTION.to_owned()),
        ("context", "acme".to_owned()),
        ("entity", "UsrAnimal".to_owned()),
        ("object", "animal".to_owned()),
        ("event", "find".to_owned()),
        ("record", record.clone()),
        ("universal_record", format!("UsrAnimal:{record}")),
        ("endpoint", endpoint.id),
        ("delivery", delivery),
        ("recovery", recovery),
        ("source", source.id),
        ("source_key", text(&source_view["source"]["keys"][0]["id"])),
        ("inbound_event", text(&event["id"])),
        ("replay", replay),
        ("bin", bin),
        ("function", "mine".to_owned()),
        ("version", "1".to_owned()),
        ("to", "1".to_owned()),
        ("call", call),
        ("key", text(&key["key"]["id"])),
        ("user", text(&user["user"]["id"])),
        ("connector", "native".to_owned()),
        // Of a connection that nobody authorises now, it is the connection's.
        ("authorization", CONNECTION.to_owned()),
    ])
}

/// Routes that are for everybody who knows the name in them, or a password.
const OPEN: [&str; 7] = [
    "/bin/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/v1/session",
    "/api/platform_user/platform",
    "/api/platform_user/sessions",
];

/// Things whose ids their owners choose: the same id is another thing in another
/// workspace.
const CHOSEN_IDS: [(&str, &str); 5] = [
    ("POST", "/api/platform/contexts"),
    ("PUT", "/api/v1/functions/{function}"),
    ("PUT", "/api/v1/contexts/{context}"),
    ("PUT", "/api/v1/connections/{connection}"),
    ("PUT", "/api/v1/objects/{object}"),
];

/// Reads with an id in them that show nothing of their owner's own words.
const UNMARKED: [&str; 5] = [
    "/api/v1/connections/{connection}",
    "/api/v1/functions/{function}",
    "/api/v1/functions/{function}/versions/{version}/diff/{to}",
    "/api/v1/recoveries/{recovery}",
    "/api/v1/replays/{replay}",
];

/// The same of the browser API.
fn body_of_browsers(path: &str) -> Json {
    let mapping = json!({"entity": "UsrAnimal", "fields": {}, "events": {}});
    let objects = json!({"animal": {}});
    match path.rsplit('/').next().unwrap_or_default() {
        _ if path.contains("/authorizations/") => json!({"state": "unknown"}),
        "{connector}" => json!({"id": CONNECTION}),
        "objects" | "crm_setup" => json!({"objects": objects}),
        "crm_mapping" => json!({"objects": [], "mapping": []}),
        "draft" => json!({"document": {}, "version": "1.0"}),
        "link" => json!({"objects": {}, "mapping": {"objects": {}}, "version": "1.0"}),
        "preview" => json!({"objects": objects, "object": "animal", "mapping": mapping}),
        "search" => json!({"objects": objects, "object": "animal", "event": "find",
                           "mapping": mapping}),
        _ => panic!("what does {path} take?"),
    }
}

/// A body that the route would take from its owner.
fn body(method: &Method, template: &str, ids: &Ids) -> Json {
    let path = template.strip_prefix("/api/v1/").unwrap_or(template);
    match (method.as_str(), path) {
        ("POST", "inbound-events/replay") => json!({"since": "2020-01-01T00:00:00Z"}),
        ("POST", "bins") => json!({}),
        ("POST", "keys") => json!({"scopes": ["read"]}),
        ("POST", "users") => json!({"name": "theirs", "role": "viewer"}),
        ("PATCH", "users/{user}") => json!({"role": "admin"}),
        ("POST", "workspaces") => json!({"slug": "third"}),
        ("POST", "endpoints") => json!({"url": "https://app.example/", "connection": CONNECTION}),
        ("PUT" | "PATCH", "endpoints/{endpoint}") => json!({"url": "https://app.example/"}),
        ("POST", "endpoints/{endpoint}/rotate-secret") => json!({}),
        ("POST", "endpoints/{endpoint}/recover") => json!({"since": "2020-01-01T00:00:00Z"}),
        ("POST", "sources") => json!({"name": "theirs", "connection": CONNECTION}),
        ("PUT", "sources/{source}") => json!({"name": "theirs", "connection": CONNECTION}),
        ("PATCH", "sources/{source}") => json!({"name": "theirs"}),
        ("POST", "sources/{source}/try") => {
            json!({"content_type": "application/json", "body": "{\"EntityName\":\"UsrAnimal\"}"})
        }
        ("PUT", "functions/{function}") => json!({"source": "handler = () => 2"}),
        ("POST", "functions/{function}/publish") => json!({"version": 1}),
        ("POST", "functions/{function}/try") => json!({}),
        ("PUT", "settings/webhooks") => json!({"url": "https://app.example/"}),
        ("PUT", "settings/webhook-entities") => json!({"entities": ["Lead"]}),
        ("PUT", "oauth-clients/{connector}") => {
            json!({"client_id": "theirs", "client_secret": "theirs"})
        }
        ("PUT", "settings/origins") => json!({"origins": ["https://theirs.example"]}),
        ("POST", "/api/platform/contexts") => json!({"context": {"external_id": "acme"}}),
        (_, path) if path.starts_with("/api/platform_user/") => body_of_browsers(path),
        ("PUT", "contexts/{context}") => json!({}),
        ("PUT", "connections/{connection}") => json!({"context": "acme", "connector": "native"}),
        ("PATCH", "connections/{connection}") => json!({"time_zone": "Asia/Tokyo"}),
        ("PUT", "objects/{object}") => json!({"label": "Theirs"}),
        ("PUT", "connections/{connection}/objects" | "connections/{connection}/mapping") => {
            json!({"objects": {}})
        }
        ("PUT", "connections/{connection}/entities/{entity}") => {
            json!({"label": "Theirs", "label_plural": "Theirs", "columns": []})
        }
        ("POST", "connections/{connection}/mapping/preview") => {
            json!({"object": "animal", "record_id": ids["universal_record"]})
        }
        ("POST", path) if path.ends_with("/records/search") => json!({"filter": everything()}),
        ("POST", path) if path.ends_with("/records/batch") => json!({"ids": []}),
        (_, path) if writes_data(path) => json!({"data": {"UsrName": "Theirs"}}),
        ("POST", path) if path.ends_with("/objects/{object}/mapping") => json!({"ids": []}),
        (_, path) if path.starts_with("crm/") => json!({"payload": {}}),
        _ => panic!("how is {method} {template} called?"),
    }
}

fn writes_data(path: &str) -> bool {
    path.starts_with("connections/")
        && (path.ends_with("/records") || path.ends_with("/records/{record}"))
}
