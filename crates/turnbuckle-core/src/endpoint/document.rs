//! Endpoint settings as a JSON document: read, shown and patched.
//!
//! A member that is absent or null has its default, so the smallest document is
//! `{"url":"https://app.example/hooks"}`. All mistakes are named at once. The
//! token goes in and never comes out: what is shown says `has_token`. The values of
//! `headers` may be credentials too, so like the token they are no part of the
//! document that is kept.

use std::time::Duration;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};
use strum::VariantArray;

use super::{EndpointSettings, Format, Module, OwnChanges, Scope, Success, Token};
use crate::change::ChangeType;
use crate::entity::{did_you_mean, nearest};
use crate::id::check_chosen_id;
use crate::invalid::{Invalid, pointer};
use crate::merge_patch::merge_patch;
use crate::retry::RetrySchedule;
use crate::text::{check_line, web_url};

const MEMBERS: [&str; 16] = [
    "url",
    "description",
    "format",
    "token",
    "scope",
    "connection",
    "entities",
    "modules",
    "types",
    "success",
    "coalesce",
    "own_changes",
    "ed25519",
    "retry_schedule",
    "timeout_ms",
    "headers",
];

const URL_CHARS_MAX: usize = 2_000;
const DESCRIPTION_CHARS_MAX: usize = 1_000;
const TOKEN_CHARS_MAX: usize = 2_000;
const ENTITIES_MAX: usize = 200;
const ENTITY_CHARS_MAX: usize = 100;
const TIMEOUT_MS_DEFAULT: u64 = 15_000;
const TIMEOUT_MS: std::ops::RangeInclusive<u64> = 1_000..=60_000;
const HEADERS_MAX: usize = 20;
const HEADER_NAME_CHARS_MAX: usize = 100;
const HEADER_VALUE_CHARS_MAX: usize = 2_000;

/// Headers that say how a request travels, or that we set ourselves.
const RESERVED_HEADERS: [&str; 14] = [
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl EndpointSettings {
    /// Reads a document.
    ///
    /// # Errors
    /// Every member that is unknown or wrong, by its JSON pointer.
    pub fn parse(given: &Json) -> Result<Self, Vec<Invalid>> {
        let given = given
            .as_object()
            .ok_or_else(|| vec![Invalid::new("", "an endpoint is a JSON object")])?;
        let mut reader = Reader { given, invalid: Vec::new() };
        reader.refuse_unknown();

        let format = reader.member("format", Format::Universal, choice);
        let is_agile = format == Format::Agile;
        let scope_default = if is_agile { Scope::Changes } else { Scope::Subscriptions };
        let modules_default = if is_agile { Module::VARIANTS.to_vec() } else { Vec::new() };
        let settings = Self {
            url: reader.required("url", url),
            description: reader.member("description", String::new(), description),
            format,
            token: reader.member("token", None, |it| token(it).map(Some)),
            scope: reader.member("scope", scope_default, choice),
            connection: reader.member("connection", None, |it| connection(it).map(Some)),
            entities: reader.member("entities", None, |it| match is_agile {
                true => Err("format `agile` names `modules` instead".to_owned()),
                false => entities(it).map(Some),
            }),
            modules: reader.member("modules", modules_default, |it| match is_agile {
                true => choices(it),
                false => Err("only format `agile` has modules; name `entities`".to_owned()),
            }),
            types: reader.member("types", ChangeType::VARIANTS.to_vec(), choices),
            success: reader.member("success", Success::Any2xx, choice),
            coalesce: reader.member("coalesce", true, boolean),
            own_changes: reader.member("own_changes", OwnChanges::Send, choice),
            ed25519: reader.member("ed25519", false, boolean),
            retry_schedule: reader.retry_schedule(),
            timeout: reader.member(
                "timeout_ms",
                Duration::from_millis(TIMEOUT_MS_DEFAULT),
                timeout,
            ),
            headers: reader.headers(),
        };
        if reader.invalid.is_empty() { Ok(settings) } else { Err(reader.invalid) }
    }

    /// The document that is kept; [`EndpointSettings::parse`] reads it back, all but the token
    /// and the headers.
    pub fn to_document(&self) -> Map<String, Json> {
        let mut document = Map::new();
        let mut put = |name: &str, value: Json| document.insert(name.to_owned(), value);
        put("url", json!(self.url));
        put("description", json!(self.description));
        put("format", name(self.format));
        put("scope", name(self.scope));
        put("connection", json!(self.connection));
        put("entities", json!(self.entities));
        if self.format == Format::Agile {
            put("modules", self.modules.iter().copied().map(name).collect());
        }
        put("types", self.types.iter().copied().map(name).collect());
        put("success", name(self.success));
        put("coalesce", json!(self.coalesce));
        put("own_changes", name(self.own_changes));
        put("ed25519", json!(self.ed25519));
        put("retry_schedule", self.retry_schedule.as_ref().map_or(Json::Null, |it| it.to_json()));
        put("timeout_ms", json!(self.timeout.as_millis() as u64));
        document
    }

    /// The settings as the API shows them to their owner: `has_token` stands for the token.
    pub fn to_json(&self) -> Map<String, Json> {
        let mut shown = self.to_document();
        shown.insert("headers".to_owned(), json!(self.headers));
        shown.insert("has_token".to_owned(), json!(self.token.is_some()));
        shown
    }

    /// The settings with a JSON merge patch (RFC 7396) laid over them: null
    /// puts a member back to its default, or takes a header away.
    ///
    /// # Errors
    /// As [`EndpointSettings::parse`] of the whole.
    pub fn patch(&self, patch: &Json) -> Result<Self, Vec<Invalid>> {
        let given = patch
            .as_object()
            .ok_or_else(|| vec![Invalid::new("", "a merge patch is a JSON object")])?;
        let mut document = self.to_document();
        if given.contains_key("format") {
            // What only the old format has must not stand against the new one.
            document.shift_remove("modules");
            document.shift_remove("entities");
        }
        document.insert("headers".to_owned(), json!(self.headers));
        if let Some(Token(token)) = &self.token {
            document.insert("token".to_owned(), json!(token));
        }
        let mut document = Json::Object(document);
        merge_patch(&mut document, patch.clone());
        Self::parse(&document)
    }
}

/// Reads members one by one and collects what is wrong.
struct Reader<'a> {
    given: &'a Map<String, Json>,
    invalid: Vec<Invalid>,
}

impl Reader<'_> {
    fn refuse_unknown(&mut self) {
        let unknown = self.given.keys().filter(|member| !MEMBERS.contains(&member.as_str()));
        self.invalid.extend(unknown.map(|member| {
            let meant = did_you_mean(&nearest(member, MEMBERS.into_iter()));
            Invalid::new(pointer("", member), format!("`{member}` is unknown{meant}"))
        }));
    }

    /// The member as given, where it is neither absent nor null.
    fn given(&self, member: &str) -> Option<&Json> {
        self.given.get(member).filter(|value| !value.is_null())
    }

    fn refuse(&mut self, member: &str, detail: String) {
        self.invalid.push(Invalid::new(pointer("", member), detail));
    }

    fn member<T>(
        &mut self,
        member: &str,
        default: T,
        read: impl FnOnce(&Json) -> Result<T, String>,
    ) -> T {
        let Some(given) = self.given(member) else { return default };
        read(given).unwrap_or_else(|detail| {
            self.refuse(member, detail);
            default
        })
    }

    fn required(&mut self, member: &str, read: fn(&Json) -> Result<String, String>) -> String {
        if self.given(member).is_none() {
            self.refuse(member, format!("`{member}` is required"));
        }
        self.member(member, String::new(), read)
    }

    fn retry_schedule(&mut self) -> Option<RetrySchedule> {
        let schedule = RetrySchedule::parse(self.given("retry_schedule")?, "/retry_schedule");
        schedule.map_err(|invalid| self.invalid.extend(invalid)).ok()
    }

    fn headers(&mut self) -> IndexMap<String, String> {
        let mut headers: IndexMap<String, String> = IndexMap::new();
        let Some(given) = self.given("headers") else { return headers };
        let Some(given) = given.as_object().filter(|given| given.len() <= HEADERS_MAX) else {
            self.refuse("headers", format!("must be an object of up to {HEADERS_MAX} headers"));
            return headers;
        };
        let mut invalid = Vec::new();
        for (name, value) in given {
            let is_repeated = headers.keys().any(|known| known.eq_ignore_ascii_case(name));
            let header = match is_repeated {
                true => Err("is named twice, in another case".to_owned()),
                false => header_name(name).and_then(|()| header_value(value)),
            };
            match header {
                Ok(value) => {
                    headers.insert(name.clone(), value);
                }
                Err(detail) => invalid.push(Invalid::new(pointer("/headers", name), detail)),
            }
        }
        self.invalid.extend(invalid);
        headers
    }
}

/// The JSON name of one of a closed set.
fn name<T: Into<&'static str>>(value: T) -> Json {
    Json::from(value.into())
}

/// Reads one of a closed set by its name.
fn choice<T: VariantArray + Copy + Into<&'static str>>(given: &Json) -> Result<T, String> {
    let found = T::VARIANTS.iter().copied().find(|it| given == (*it).into());
    found.ok_or_else(|| {
        let names: Vec<_> = T::VARIANTS.iter().map(|it| format!("`{}`", (*it).into())).collect();
        format!("must be one of {}", names.join(", "))
    })
}

/// Reads at least one of a closed set, each once.
fn choices<T>(given: &Json) -> Result<Vec<T>, String>
where
    T: VariantArray + Copy + Into<&'static str> + PartialEq,
{
    let given = given.as_array().filter(|given| !given.is_empty());
    let mut chosen = Vec::new();
    for entry in given.ok_or("must be a list of at least one")? {
        let entry = choice(entry)?;
        if !chosen.contains(&entry) {
            chosen.push(entry);
        }
    }
    Ok(chosen)
}

fn boolean(given: &Json) -> Result<bool, String> {
    given.as_bool().ok_or_else(|| "must be true or false".to_owned())
}

/// Reads text of `1..=max` characters.
fn text(given: &Json, max: usize) -> Result<&str, String> {
    let text = given.as_str().filter(|text| (1..=max).contains(&text.chars().count()));
    text.ok_or_else(|| format!("must be text of 1 to {max} characters"))
}

fn url(given: &Json) -> Result<String, String> {
    let text = text(given, URL_CHARS_MAX)?;
    web_url(text)?;
    Ok(text.to_owned())
}

fn description(given: &Json) -> Result<String, String> {
    let text = given.as_str().unwrap_or("\n");
    check_line(text, 0..=DESCRIPTION_CHARS_MAX).map(|()| text.to_owned())
}

fn token(given: &Json) -> Result<Token, String> {
    let token = text(given, TOKEN_CHARS_MAX)?;
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("must be visible ASCII characters without spaces".to_owned());
    }
    Ok(Token(token.to_owned()))
}

fn connection(given: &Json) -> Result<String, String> {
    let id = given.as_str().ok_or("must be null or the id of a connection")?;
    check_chosen_id("connection", id).map_err(|error| error.to_string())?;
    Ok(id.to_owned())
}

fn entities(given: &Json) -> Result<Vec<String>, String> {
    let given = given.as_array().filter(|given| (1..=ENTITIES_MAX).contains(&given.len()));
    let given = given.ok_or_else(|| format!("must be null or 1 to {ENTITIES_MAX} entities"))?;
    given.iter().map(|entity| text(entity, ENTITY_CHARS_MAX).map(str::to_owned)).collect()
}

fn timeout(given: &Json) -> Result<Duration, String> {
    let ms = given.as_u64().filter(|ms| TIMEOUT_MS.contains(ms));
    ms.map(Duration::from_millis).ok_or_else(|| {
        format!("must be {} to {} whole milliseconds", TIMEOUT_MS.start(), TIMEOUT_MS.end())
    })
}

fn header_name(name: &str) -> Result<(), String> {
    let is_token = (1..=HEADER_NAME_CHARS_MAX).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
    if !is_token {
        return Err("is not a header name".to_owned());
    }
    let lower = name.to_ascii_lowercase();
    if lower.starts_with("webhook-") || RESERVED_HEADERS.contains(&lower.as_str()) {
        return Err("is set by the hub".to_owned());
    }
    Ok(())
}

fn header_value(given: &Json) -> Result<String, String> {
    if given.as_str() == Some("***") {
        return Err("is what is shown in place of a value; give the value itself".to_owned());
    }
    let value = given.as_str().filter(|value| {
        value.len() <= HEADER_VALUE_CHARS_MAX
            && value.trim() == *value
            && value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
    });
    value
        .map(str::to_owned)
        .ok_or_else(|| format!("must be up to {HEADER_VALUE_CHARS_MAX} visible ASCII characters"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const URL: &str = "https://app.example/hooks";

    fn with_url(mut given: Json) -> Json {
        given["url"] = json!(URL);
        given
    }

    /// Checks which members of a document with a good URL are refused.
    #[track_caller]
    fn check_refused(given: Json, paths: &[&str]) {
        let result = EndpointSettings::parse(&with_url(given.clone()));
        let invalid = result.err().unwrap_or_default();
        let found: Vec<_> = invalid.iter().map(|it| it.path.as_str()).collect();
        assert_eq!(found, paths, "{given}: {invalid:?}");
    }

    #[test]
    fn a_url_is_enough() {
        let settings = EndpointSettings::parse(&json!({ "url": URL })).unwrap();
        let shown = json!({
            "url": URL, "description": "", "format": "universal", "scope": "subscriptions",
            "connection": null, "entities": null, "types": ["create", "update", "delete"],
            "success": "2xx", "coalesce": true, "own_changes": "send", "ed25519": false,
            "retry_schedule": null, "timeout_ms": 15_000, "headers": {}, "has_token": false
        });
        assert_eq!(Json::Object(settings.to_json()), shown);
    }

    #[test]
    fn agile_hears_of_changes_of_both_modules_by_default() {
        let agile = EndpointSettings::parse(&with_url(json!({"format": "agile"}))).unwrap();
        assert_eq!(agile.scope, Scope::Changes);
        assert_eq!(agile.to_json()["modules"], json!(["contact", "deal"]));
    }

    #[test]
    fn a_whole_document_is_read_back() {
        let given = json!({
            "url": URL, "description": "Orders", "format": "cloudevents", "scope": "changes",
            "connection": "acme-crm", "entities": ["Opportunity"], "types": ["delete"],
            "success": "204", "coalesce": false, "own_changes": "drop", "ed25519": true,
            "retry_schedule": [5, 300], "timeout_ms": 1_000, "headers": {"X-Tenant": "a b"}
        });
        let settings = EndpointSettings::parse(&given).unwrap();
        let mut shown = given;
        shown["has_token"] = json!(false);
        assert_eq!(Json::Object(settings.to_json()), shown);
        let kept = Json::Object(settings.to_document());
        assert!(kept.get("headers").is_none(), "they are sealed: {kept}");
        let read = EndpointSettings::parse(&kept).unwrap();
        assert_eq!(EndpointSettings { headers: settings.headers.clone(), ..read }, settings);
    }

    #[test]
    fn the_token_is_never_shown() {
        let settings = EndpointSettings::parse(&with_url(json!({"token": "s3cret"}))).unwrap();
        assert_eq!(settings.token, Some(Token("s3cret".to_owned())));
        let shown = Json::Object(settings.to_json());
        assert_eq!(shown["has_token"], true);
        assert!(!format!("{settings:?}{shown}").contains("s3cret"));
    }

    #[test]
    fn all_mistakes_are_named_at_once() {
        check_refused(
            json!({
                "formats": "agile", "scope": "all", "success": 204, "timeout_ms": 60_001,
                "retry_schedule": [0], "headers": {"host": "x"}, "modules": ["deal"]
            }),
            &[
                "/formats",
                "/scope",
                "/modules",
                "/success",
                "/retry_schedule/0",
                "/timeout_ms",
                "/headers/host",
            ],
        );
        assert_eq!(EndpointSettings::parse(&json!([])).unwrap_err()[0].path, "");
        assert_eq!(EndpointSettings::parse(&json!({})).unwrap_err()[0].path, "/url");
    }

    #[test]
    fn a_misspelt_member_is_answered_with_the_nearest() {
        let invalid = EndpointSettings::parse(&with_url(json!({"retry_shedule": []}))).unwrap_err();
        assert_eq!(invalid[0].detail, "`retry_shedule` is unknown; did you mean `retry_schedule`?");
    }

    #[test]
    fn only_plain_web_urls_are_taken() {
        let long = format!("https://app.example/{}", "x".repeat(1_980));
        for good in ["http://127.0.0.1:9000", "https://app.example/a?b=c", &long] {
            let settings = EndpointSettings::parse(&json!({ "url": good })).unwrap();
            assert_eq!(settings.url, good);
        }
        let too_long = format!("{long}x");
        for bad in [
            "",
            "app.example/hooks",
            "ftp://app.example/",
            "file:///etc/passwd",
            "https://user@app.example/",
            "https://:secret@app.example/",
            "https://",
            " https://app.example/",
            "https://app.example/\n",
            &too_long,
        ] {
            assert!(EndpointSettings::parse(&json!({ "url": bad })).is_err(), "{bad}");
        }
    }

    #[test]
    fn members_are_bounded() {
        check_refused(json!({"timeout_ms": 1_000}), &[]);
        check_refused(json!({"timeout_ms": 999}), &["/timeout_ms"]);
        check_refused(json!({"timeout_ms": "15000"}), &["/timeout_ms"]);
        check_refused(json!({"types": []}), &["/types"]);
        check_refused(json!({"types": ["upsert"]}), &["/types"]);
        check_refused(json!({"entities": []}), &["/entities"]);
        check_refused(json!({"connection": "a/b"}), &["/connection"]);
        check_refused(json!({"token": "two words"}), &["/token"]);
        check_refused(json!({"token": ""}), &["/token"]);
        check_refused(json!({"format": "agile", "entities": ["Lead"]}), &["/entities"]);
        check_refused(json!({"coalesce": "yes"}), &["/coalesce"]);
    }

    #[test]
    fn headers_are_names_and_values_that_are_not_ours() {
        check_refused(json!({"headers": {"X-Key": "a", "Accept": "*/*"}}), &[]);
        // Whoever may not see a value is shown this, and must not save it.
        check_refused(json!({"headers": {"X-Key": "***"}}), &["/headers/X-Key"]);
        for name in [
            "Host",
            "Content-Type",
            "AUTHORIZATION",
            "webhook-id",
            "Webhook-x",
            "te",
            "",
            "a b",
            "é",
        ] {
            check_refused(json!({"headers": {name: "x"}}), &[&format!("/headers/{name}")]);
        }
        for value in [json!("a\nb"), json!(" a"), json!("é"), json!(5), json!("x".repeat(2_001))] {
            check_refused(json!({"headers": {"X-Key": value}}), &["/headers/X-Key"]);
        }
        check_refused(json!({"headers": {"X-Key": "a", "x-key": "b"}}), &["/headers/x-key"]);
        let many: Map<_, _> = (0..21).map(|n| (format!("X-{n}"), json!("x"))).collect();
        check_refused(json!({"headers": many}), &["/headers"]);
    }

    #[test]
    fn a_patch_changes_what_it_names_and_nothing_else() {
        let given =
            json!({"token": "s3cret", "entities": ["Lead"], "headers": {"X-A": "1", "X-B": "2"}});
        let before = EndpointSettings::parse(&with_url(given)).unwrap();
        assert_eq!(before.patch(&json!({})).unwrap(), before);

        let after = before
            .patch(&json!({"headers": {"X-A": null, "X-C": "3"}, "token": null, "coalesce": false}))
            .unwrap();
        assert_eq!(json!(after.headers), json!({"X-B": "2", "X-C": "3"}));
        assert_eq!((after.token, after.coalesce), (None, false));
        assert_eq!(after.entities, before.entities);

        let agile = before.patch(&json!({"format": "agile"})).unwrap();
        assert_eq!((agile.entities.clone(), agile.modules.len()), (None, 2));
        assert!(agile.patch(&json!({"format": "standard"})).is_ok());
        assert_eq!(before.patch(&json!({"url": null})).unwrap_err()[0].path, "/url");
        assert!(before.patch(&json!(5)).is_err());
    }

    proptest! {
        #[test]
        fn no_url_and_no_header_panics(url: String, name: String, value: String) {
            let _ = EndpointSettings::parse(&json!({"url": url, "headers": {name: value}}));
        }
    }
}
