use super::*;

#[track_caller]
fn check_misfit(document: Json, expect: &[(&str, &str)]) {
    let mapping = Mapping::parse(&document).unwrap();
    check_listed(&mapping.check(&objects(), &schema(), &[]), expect);
}

#[test]
fn names_that_do_not_exist_are_named_with_the_nearest() {
    let unknown = json!({"objects": {"deel": {"entity": null}}});
    let unknown = Mapping::parse(&unknown).unwrap().check(&objects(), &schema(), &[]);
    let detail = "`deel` is not an object that the app declared; did you mean `deal`?";
    assert_eq!(listed(&unknown), [("/objects/deel", detail)]);

    check_misfit(
        json!({"objects": {"deal": {"entity": "Oportunity"}}}),
        &[("/entity", "`Oportunity` is not an entity of this CRM; did you mean `Opportunity`?")],
    );
    check_misfit(
        mapping(
            json!({"texts": {"empty": true}, "number": {"column": "Amout"},
                   "text": {"column": "Stag.Name"}}),
            json!({"finds": {"action": "noop"}}),
        ),
        &[
            ("/fields/texts", "`texts` is not a declared field; did you mean `text`?"),
            (
                "/fields/number/column",
                "`Amout` is not a column of `Opportunity`; did you mean `Amount`?",
            ),
            ("/fields/text/column", "`Opportunity` has no lookup `StagId` to walk through"),
            ("/events/finds", "`finds` is not a declared event; did you mean `find`?"),
        ],
    );
}

#[test]
fn a_column_must_suit_its_field() {
    check_misfit(
        mapping(
            json!({
                "text": {"column": "Tags"},
                "time": {"column": "Title"},
                "number": {"column": "IsWon"},
                "whole": {"column": "Secret"},
                "flag": {"static": "yes"},
                "names": {"children": {}}
            }),
            json!({}),
        ),
        &[
            ("/fields/text/column", "`Tags` is of type multi_option and cannot feed a string"),
            (
                "/fields/time/column",
                "`Title` holds no date and time itself; add `\"transform\":\"date\"`",
            ),
            ("/fields/number/column", "`IsWon` is of type boolean and cannot feed a number"),
            ("/fields/whole/column", "`Secret` cannot be read"),
            ("/fields/flag/static", "the field is a boolean"),
            ("/fields/names/children", "only an object has children, not an array of strings"),
        ],
    );
}

#[test]
fn a_transform_must_suit_its_column_and_its_field() {
    let find = json!({"column": "Lines", "transform": "find",
                      "where": {"property": "k", "equals": 1}});
    check_misfit(
        mapping(
            json!({
                "text": {"column": "IsWon", "transform": "date"},
                "number": {"column": "Due", "transform": "date"},
                "time": find,
                "flag": {"column": "Lines", "transform": "collect", "property": "p"},
                "names": {"column": "Title", "transform": "collect", "property": "p"}
            }),
            json!({}),
        ),
        &[
            ("/fields/text/transform", "`IsWon` is of type boolean, which holds no date"),
            ("/fields/number/transform", "`Due` as a date is a string, and the field is a number"),
            (
                "/fields/time/transform",
                "`Lines` finds a whole item; name the property to `extract`",
            ),
            ("/fields/flag/transform", "`Lines` collects an array, and the field is a boolean"),
            ("/fields/names/transform", "`Title` is of type text; only a list has items"),
        ],
    );
}

#[test]
fn an_action_must_fit_the_type_of_its_event() {
    let write = json!({"action": "update", "columns": {}});
    let search = json!({"action": "search", "filter": {"all": []}});
    check_misfit(
        mapping(json!({}), json!({"find": write, "make": search, "change": {"action": "delete"}})),
        &[
            ("/events/find/action", "an event of type `search` takes one of `search`, `noop`"),
            ("/events/make/action", "an event of type `create` takes one of `create`, `noop`"),
            ("/events/change/action", "an event of type `update` takes one of `update`, `noop`"),
        ],
    );
    for action in [write, json!({"action": "delete"}), json!({"action": "noop"})] {
        check_misfit(mapping(json!({}), json!({ "drop": action })), &[]);
    }
}

#[test]
fn a_write_names_columns_and_payload_fields_that_exist_and_suit() {
    check_misfit(
        mapping(
            json!({}),
            json!({"change": {"action": "update", "columns": {
                "Titl": {"payload": "title"},
                "CreatedOn": {"static": "2024-01-31"},
                "Title": {"payload": "titl"},
                "Amount": {"payload": "extra"},
                "Extra": {"payload": "extra"},
                "Lines": {"payload": "lines"},
                "Probability": {"static": "many"}
            }}}),
        ),
        &[
            (
                "/events/change/columns/Titl",
                "`Titl` is not a column of `Opportunity`; did you mean `Title`?",
            ),
            ("/events/change/columns/CreatedOn", "`CreatedOn` cannot be updated"),
            (
                "/events/change/columns/Title/payload",
                "`titl` is not in the payload schema; did you mean `title`?",
            ),
            (
                "/events/change/columns/Amount/payload",
                "an object cannot be written to a column of type decimal",
            ),
            (
                "/events/change/columns/Probability/static",
                "cannot cast \"many\" to a whole number of 64 bits",
            ),
        ],
    );
}

#[test]
fn a_create_gives_every_required_column_a_value() {
    let missing =
        [("/events/make/columns", "`Title` is required to create a record of `Opportunity`")];
    let make = |columns: Json| {
        mapping(json!({}), json!({"make": {"action": "create", "columns": columns}}))
    };
    check_misfit(make(json!({})), &missing);
    check_misfit(make(json!({"Title": {"static": null}})), &missing);
    check_misfit(make(json!({"Title": {"static": "New"}})), &[]);
    check_misfit(make(json!({"Title": {"payload": "title"}})), &[]);

    let without = Mapping::parse(&make(json!({}))).unwrap();
    let check = |composed| without.check(&objects(), &schema(), &[composed]);
    assert_eq!(check(("Opportunity", "Title")), []);
    assert_eq!(check(("Contact", "Title")).len(), 1);
}

#[test]
fn a_search_is_checked_with_its_payload_and_its_sort() {
    let search = json!({"action": "search",
        "filter": {"all": [{"column": "Titl", "op": "eq", "payload": "title"}]},
        "sort": [{"column": "Stage.Name"}, {"column": "Lines"}]});
    check_misfit(
        mapping(json!({}), json!({ "find": search })),
        &[
            (
                "/events/find/filter/all/0/column",
                "`Titl` is not a column of `Opportunity`; did you mean `Title`?",
            ),
            ("/events/find/sort/1/column", "records cannot be sorted by `Lines`"),
        ],
    );
}
