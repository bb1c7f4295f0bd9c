//! From changes to messages: rendering, keys, candidates, verdicts.
//!
//! What the store is asked it is asked for a whole slice of changes at once, since
//! each question costs the way there and back.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Value as Json};
use turnbuckle_core::change::{Change, ChangeType, Origin};
use turnbuckle_core::coalesce::Changed;
use turnbuckle_core::endpoint::{ChangeFacts, Format, OwnChanges, Scope};
use turnbuckle_core::entity::ColumnPath;
use turnbuckle_core::filter::Moment;
use turnbuckle_core::id::Stamp;
use turnbuckle_core::message::agile;
use turnbuckle_core::record::{Image, Record, Related, universal_id};
use turnbuckle_core::subscription::{record_key, record_verdict, search_verdict};
use turnbuckle_store::StoreError;
use turnbuckle_store::delivery::{Matched, NewMessage};
use turnbuckle_store::subscription::{Followed, KeyGroup, Subscription};

use super::drafts::{self, AgileDraft, ChangeDraft};
use crate::app::App;
use crate::catalog::{LiveConnection, LiveEndpoint, LiveObject, LiveSearch};
use crate::expressions;

/// Candidates per group of keys that all changes of a slice are given at once.
const CANDIDATES_FIRST: usize = 16;
/// Candidates judged per group of keys, by a change whose keys have more than the first.
const CANDIDATES_MAX: usize = turnbuckle_store::subscription::SHARED_KEY_MAX;

/// A change that somebody may want to hear of.
struct Heard<'a> {
    /// Which of the slice.
    place: usize,
    change: &'a Arc<Change>,
    connection: Arc<LiveConnection>,
    endpoints: Arc<Vec<Arc<LiveEndpoint>>>,
}

/// The same with everything that judging it needs.
struct Subject<'a> {
    place: usize,
    change: &'a Arc<Change>,
    connection: Arc<LiveConnection>,
    endpoints: Arc<Vec<Arc<LiveEndpoint>>>,
    related: Arc<Related>,
    /// Of the objects that have expressions, by their slugs.
    computed: HashMap<String, ComputedFields>,
    moment: Moment,
}

/// What the expressions of an object's fields come to over the images of a change.
#[derive(Default)]
struct ComputedFields {
    before: Vec<Json>,
    after: Vec<Json>,
}

/// An object as a change shows it.
struct Rendered {
    data: Arc<Map<String, Json>>,
    /// Fields that differ from before, on update.
    changed: Changed,
}

/// Which subscriptions to an object does a change concern?
struct Question<'a> {
    subject: &'a Subject<'a>,
    object: &'a LiveObject,
    rendered: Rendered,
    /// Searches that the record may be found by.
    searches: Vec<(&'a str, &'a LiveSearch)>,
    /// Keys of those who follow the record, then those of each search.
    groups: Range<usize>,
}

/// What is asked for a slice of changes, so that the store is asked once.
#[derive(Default)]
struct Questions<'a> {
    groups: Vec<KeyGroup>,
    asked: Vec<Question<'a>>,
}

/// Matches changes against everything but objects that wait for their keys.
pub async fn match_changes(app: &App, changes: &[Arc<Change>]) -> Result<Vec<Matched>, StoreError> {
    let mut matched: Vec<Matched> = changes.iter().map(|change| nothing(change)).collect();
    let mut heard = Vec::with_capacity(changes.len());
    for (place, change) in changes.iter().enumerate() {
        if let Some(endpoints) = listeners(app, change).await?
            && let Some(connection) = connection(app, change).await?
        {
            heard.push(Heard { place, change, connection, endpoints });
        }
    }
    let subjects = subjects(app, heard).await?;
    let mut questions = Questions::default();
    for subject in &subjects {
        let found = &mut matched[subject.place];
        found.mapping_version = Some(subject.connection.row.mapping_version);
        subject.match_changes_scope(&mut found.messages);
        for object in subject.connection.mapped_to(&subject.change.entity) {
            if subject.connection.waiting.contains(&object.slug) {
                found.deferred_objects.push(object.slug.clone());
            } else {
                questions.add(subject, object);
            }
        }
    }
    questions.answer(app, &mut matched).await?;
    Ok(matched)
}

/// Matches changes of a connection against the subscriptions to one object.
pub async fn match_object(
    app: &App,
    connection: &Arc<LiveConnection>,
    object: &str,
    changes: &[Arc<Change>],
) -> Result<Vec<Matched>, StoreError> {
    let mapping_version = Some(connection.row.mapping_version);
    let mut matched: Vec<Matched> =
        changes.iter().map(|change| Matched { mapping_version, ..nothing(change) }).collect();
    let Some(object) = connection.mapped(object) else { return Ok(matched) };
    let mut heard = Vec::with_capacity(changes.len());
    for (place, change) in changes.iter().enumerate() {
        if object.mapping.entity == change.entity
            && let Some(endpoints) = listeners(app, change).await?
        {
            heard.push(Heard { place, change, connection: connection.clone(), endpoints });
        }
    }
    let subjects = subjects(app, heard).await?;
    let mut questions = Questions::default();
    for subject in &subjects {
        questions.add(subject, object);
    }
    questions.answer(app, &mut matched).await?;
    Ok(matched)
}

fn nothing(change: &Change) -> Matched {
    Matched {
        change: change.id,
        workspace: change.workspace,
        connection: change.connection.clone(),
        connection_no: change.connection_no,
        mapping_version: None,
        messages: Vec::new(),
        deferred_objects: Vec::new(),
    }
}

/// Endpoints of the workspace; `None` if none of them wants changes.
async fn listeners(
    app: &App,
    change: &Change,
) -> Result<Option<Arc<Vec<Arc<LiveEndpoint>>>>, StoreError> {
    let endpoints = app.catalog.endpoints(change.workspace).await?;
    let is_listening = |it: &Arc<LiveEndpoint>| it.settings.scope != Scope::Notices;
    Ok(endpoints.iter().any(is_listening).then_some(endpoints))
}

/// `None` if it was deleted: nobody is left to be told.
async fn connection(app: &App, change: &Change) -> Result<Option<Arc<LiveConnection>>, StoreError> {
    match app.catalog.connection(change.workspace, &change.connection).await {
        // One of that name made since hears of its own changes.
        Ok(connection) => Ok(Some(connection).filter(|it| it.row.no == change.connection_no)),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Fetches what rendering and judging reach through lookups, once for all changes
/// of an entity.
async fn subjects<'a>(app: &App, heard: Vec<Heard<'a>>) -> Result<Vec<Subject<'a>>, StoreError> {
    let mut alike: Vec<Vec<Heard<'a>>> = Vec::new();
    for it in heard {
        match alike.iter_mut().find(|alike| alike[0].is_alike(&it)) {
            Some(alike) => alike.push(it),
            None => alike.push(vec![it]),
        }
    }
    let now = app.now();
    let mut subjects = Vec::new();
    for alike in alike {
        let related = Arc::new(related(app, &alike).await?);
        let computed = computed(app, &alike).await?;
        subjects.extend(alike.into_iter().zip(computed).map(|(it, computed)| Subject {
            place: it.place,
            change: it.change,
            moment: it.connection.moment(now),
            connection: it.connection,
            endpoints: it.endpoints,
            related: related.clone(),
            computed,
        }));
    }
    Ok(subjects)
}

/// What expressions come to over changes that are alike, in their order.
async fn computed(
    app: &App,
    alike: &[Heard<'_>],
) -> Result<Vec<HashMap<String, ComputedFields>>, StoreError> {
    let mut computed: Vec<HashMap<_, _>> = alike.iter().map(|_| HashMap::new()).collect();
    let Heard { change, connection, endpoints, .. } = &alike[0];
    let shows_objects = |it: &Arc<LiveEndpoint>| {
        it.settings.scope == Scope::Subscriptions || it.settings.format == Format::Universal
    };
    if !endpoints.iter().any(shows_objects) {
        return Ok(computed);
    }
    let images: Vec<&Record> = images(alike).collect();
    for object in connection.mapped_to(&change.entity).filter(|it| it.expressions.is_some()) {
        let mut values =
            expressions::of_fields(app, connection, object, &images).await?.into_iter();
        let mut of_image = |image: &Option<Record>| match image {
            Some(_) => values.next().unwrap_or_default(),
            None => Vec::new(),
        };
        for (it, computed) in alike.iter().zip(&mut computed) {
            let before = of_image(&it.change.before);
            let fields = ComputedFields { before, after: of_image(&it.change.after) };
            computed.insert(object.slug.clone(), fields);
        }
    }
    Ok(computed)
}

/// The images of changes, the one before of each ahead of the one after.
fn images<'a>(heard: &'a [Heard<'_>]) -> impl Iterator<Item = &'a Record> {
    heard.iter().flat_map(|it| it.change.before.iter().chain(&it.change.after))
}

/// What is reached from changes that are alike.
async fn related(app: &App, alike: &[Heard<'_>]) -> Result<Related, StoreError> {
    let Heard { change, connection, endpoints, .. } = &alike[0];
    let mut paths: HashSet<ColumnPath> = HashSet::new();
    for object in connection.mapped_to(&change.entity) {
        paths.extend(object.walked.iter().cloned());
    }
    let has_agile = endpoints.iter().any(|endpoint| endpoint.settings.format == Format::Agile);
    if has_agile && let Some(module) = agile::module(&change.entity) {
        paths.extend(drafts::agile_paths(module));
    }
    if paths.is_empty() {
        return Ok(Related::default());
    }
    let images: Vec<&Record> = images(alike).collect();
    let entity = &change.entity;
    app.store.related(change.workspace, &change.connection, entity, &images, &paths).await
}

impl Heard<'_> {
    /// Whether the same is reached from both, by the same people.
    fn is_alike(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.connection, &other.connection)
            && Arc::ptr_eq(&self.endpoints, &other.endpoints)
            && self.change.entity == other.change.entity
    }
}

impl<'a> Questions<'a> {
    /// Asks, if any endpoint would be told the answer.
    fn add(&mut self, subject: &'a Subject<'a>, object: &'a LiveObject) {
        if subject.listening().next().is_none() {
            return;
        }
        let workspace = subject.change.workspace;
        let first = self.groups.len();
        self.groups.push(KeyGroup { workspace, keys: vec![subject.record_key()] });
        let mut searches = Vec::new();
        for (event, search) in &object.searches {
            let keys = subject.search_keys(search);
            if !keys.is_empty() {
                self.groups.push(KeyGroup { workspace, keys });
                searches.push((event.as_str(), search));
            }
        }
        let (rendered, groups) = (subject.render(object), first..self.groups.len());
        self.asked.push(Question { subject, object, rendered, searches, groups });
    }

    /// Adds what is to be told to `matched`.
    async fn answer(self, app: &App, matched: &mut [Matched]) -> Result<(), StoreError> {
        if self.asked.is_empty() {
            return Ok(());
        }
        let mut found = app.store.candidates(&self.groups, CANDIDATES_FIRST).await?.into_iter();
        for question in self.asked {
            let mut candidates: Vec<_> = found.by_ref().take(question.groups.len()).collect();
            if candidates.iter().any(|group| group.len() == CANDIDATES_FIRST) {
                let groups = &self.groups[question.groups.clone()];
                candidates = app.store.candidates(groups, CANDIDATES_MAX).await?;
            }
            question.tell(&candidates, &mut matched[question.subject.place].messages);
        }
        Ok(())
    }
}

impl Question<'_> {
    fn tell(&self, candidates: &[Vec<Subscription>], messages: &mut Vec<NewMessage>) {
        let Some(told) = self.verdict(candidates) else { return };
        for endpoint in self.subject.listening() {
            if endpoint.settings.wants(self.subject.facts(Some(told))) {
                messages.push(self.subject.object_message(
                    endpoint,
                    self.object,
                    told,
                    &self.rendered,
                ));
            }
        }
    }

    /// What the app is told of this change of an object, if any of its
    /// subscriptions concerns it. One message however many do.
    fn verdict(&self, candidates: &[Vec<Subscription>]) -> Option<ChangeType> {
        let Self { subject, object, .. } = self;
        let mapped_changed = !self.rendered.changed.is_empty();
        let (followers, of_searches) = candidates.split_first()?;
        let is_followed = followers.iter().any(|it| subject.follows_record(object, it));
        if is_followed
            && let Some(told) = record_verdict(subject.change.change_type, mapped_changed)
        {
            return Some(told);
        }
        self.searches.iter().zip(of_searches).find_map(|((event, search), candidates)| {
            subject.judge(object, event, search, candidates, mapped_changed)
        })
    }
}

impl<'a> Subject<'a> {
    fn image<'b>(&'b self, record: Option<&'b Record>) -> Option<Image<'b>> {
        self.connection.image(&self.change.entity, record?, &self.related)
    }

    fn before(&self) -> Option<Image<'_>> {
        self.image(self.change.before.as_ref())
    }

    fn after(&self) -> Option<Image<'_>> {
        self.image(self.change.after.as_ref())
    }

    /// Whoever asks to be told is told of what happens from then on, however
    /// far behind matching is.
    fn is_later_than(&self, asked: Stamp) -> bool {
        asked.row_key() < self.change.id.0.row_key()
    }

    // -- scope `changes`: every change of the named entities ------------------

    fn match_changes_scope(&self, messages: &mut Vec<NewMessage>) {
        for endpoint in self.endpoints.iter() {
            let settings = &endpoint.settings;
            let is_meant = settings.scope == Scope::Changes && self.is_later_than(endpoint.id.0);
            if !is_meant || !settings.wants(self.facts(None)) {
                continue;
            }
            match settings.format {
                Format::Agile => messages.extend(self.agile_message(endpoint)),
                Format::Universal => {
                    for object in self.connection.mapped_to(&self.change.entity) {
                        let rendered = self.render(object);
                        let change_type = self.change.change_type;
                        messages.push(self.object_message(
                            endpoint,
                            object,
                            change_type,
                            &rendered,
                        ));
                    }
                }
                Format::Standard | Format::CloudEvents => {
                    messages.push(self.entity_message(endpoint));
                }
            }
        }
    }

    fn facts(&self, told: Option<ChangeType>) -> ChangeFacts<'_> {
        ChangeFacts {
            connection: &self.change.connection,
            entity: &self.change.entity,
            change_type: told.unwrap_or(self.change.change_type),
            origin: self.change.origin,
        }
    }

    fn agile_message(&self, endpoint: &LiveEndpoint) -> Option<NewMessage> {
        let draft = AgileDraft::new(self.change, &self.connection, &self.related);
        let written = self.change.written.iter().map(|name| (name.clone(), Json::Null)).collect();
        draft.message(self.change.change_type, &written)?;
        let change_type = self.change.change_type;
        Some(self.message(endpoint, &self.change.entity, change_type, written, Arc::new(draft)))
    }

    fn entity_message(&self, endpoint: &LiveEndpoint) -> NewMessage {
        let draft = ChangeDraft::new(
            self.change,
            &self.connection,
            endpoint.settings.format,
            None,
            self.change.latest().data.clone(),
        );
        let (change_type, changed) = (self.change.change_type, self.changed_columns());
        self.message(endpoint, &self.change.entity, change_type, changed, Arc::new(draft))
    }

    fn changed_columns(&self) -> Changed {
        let (Some(before), Some(after)) = (&self.change.before, &self.change.after) else {
            return Changed::new();
        };
        let names: indexmap::IndexSet<&String> =
            before.data.keys().chain(after.data.keys()).collect();
        let differs = |name: &&String| before.data.get(*name) != after.data.get(*name);
        let as_it_was =
            |name: &String| (name.clone(), before.data.get(name).cloned().unwrap_or_default());
        names.into_iter().filter(differs).map(as_it_was).collect()
    }

    // -- scope `subscriptions`: what the app asked for ------------------------

    /// Endpoints that hear of what the app asked for.
    fn listening(&self) -> impl Iterator<Item = &Arc<LiveEndpoint>> {
        let is_own = self.change.origin == Origin::App;
        self.endpoints.iter().filter(move |endpoint| {
            endpoint.settings.scope == Scope::Subscriptions
                && self.is_later_than(endpoint.id.0)
                && !(is_own && endpoint.settings.own_changes == OwnChanges::Drop)
        })
    }

    fn record_key(&self) -> i64 {
        record_key(&self.change.connection, &self.change.entity, &self.change.latest().id).0
    }

    fn follows_record(&self, object: &LiveObject, candidate: &Subscription) -> bool {
        let Followed::Record { entity, id } = &candidate.followed else { return false };
        candidate.object == object.slug
            && candidate.connection == self.change.connection
            && self.is_later_than(candidate.id.0)
            && *entity == self.change.entity
            && *id == self.change.latest().id
    }

    /// Keys of both images; none when neither meets the search's constants.
    fn search_keys(&self, search: &LiveSearch) -> Vec<i64> {
        let Some(plan) = &search.plan else { return Vec::new() };
        let mut keys: Vec<i64> = [self.before(), self.after()]
            .iter()
            .flatten()
            .filter(|image| plan.constants_hold(*image, &self.moment))
            .flat_map(|image| plan.keys_for_record(image))
            .map(|key| key.0)
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    fn judge(
        &self,
        object: &LiveObject,
        event: &str,
        search: &LiveSearch,
        candidates: &[Subscription],
        mapped_changed: bool,
    ) -> Option<ChangeType> {
        let entity = self.connection.schema.entity(&self.change.entity)?;
        candidates.iter().find_map(|candidate| {
            let Followed::Search { event: followed, payload } = &candidate.followed else {
                return None;
            };
            if followed != event
                || candidate.object != object.slug
                || candidate.connection != self.change.connection
                || !self.is_later_than(candidate.id.0)
            {
                return None;
            }
            let bound = search
                .filter
                .bind(&self.connection.schema, entity, payload, &self.connection.zone)
                .ok()?;
            let holds = |image: Option<Image<'_>>| {
                image.is_some_and(|image| bound.matches(&image, &self.moment))
            };
            search_verdict(
                self.change.change_type,
                mapped_changed,
                holds(self.before()),
                holds(self.after()),
            )
        })
    }

    // -- messages ---------------------------------------------------------------

    fn render(&self, object: &LiveObject) -> Rendered {
        let none = ComputedFields::default();
        let computed = self.computed.get(&object.slug).unwrap_or(&none);
        let render = |image: Option<Image<'_>>, computed: &[Json]| {
            image.map(|image| object.compiled.render(&image, computed))
        };
        let before = render(self.before(), &computed.before);
        let after = render(self.after(), &computed.after);
        let mut changed = Changed::new();
        if let (Some(before), Some(after)) = (&before, &after) {
            for (field, value) in
                before.iter().filter(|(field, value)| after.get(*field) != Some(*value))
            {
                changed.insert(field.clone(), value.clone());
            }
        }
        let data = after.or(before).unwrap_or_default();
        Rendered { data: Arc::new(data), changed }
    }

    fn object_message(
        &self,
        endpoint: &LiveEndpoint,
        object: &LiveObject,
        told: ChangeType,
        rendered: &Rendered,
    ) -> NewMessage {
        let draft = ChangeDraft::new(
            self.change,
            &self.connection,
            endpoint.settings.format,
            Some(object.slug.clone()),
            rendered.data.clone(),
        );
        self.message(endpoint, &object.slug, told, rendered.changed.clone(), Arc::new(draft))
    }

    fn message(
        &self,
        endpoint: &LiveEndpoint,
        object: &str,
        told: ChangeType,
        changed: Changed,
        draft: Arc<dyn turnbuckle_store::delivery::Draft>,
    ) -> NewMessage {
        NewMessage {
            endpoint: endpoint.id,
            object: object.to_owned(),
            record: universal_id(&self.change.entity, &self.change.latest().id),
            change_type: told,
            changed,
            coalesce: endpoint.settings.coalesce,
            draft,
        }
    }
}
