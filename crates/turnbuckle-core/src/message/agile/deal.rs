//! `eventData` of a deal: all of its members, whatever changed.

use serde::Serialize;
use serde_json::Value as Json;

use super::{AgileFacts, epoch_seconds, id_of, number};

pub(super) const LOOKUP_COLUMNS: [&str; 4] = [MILESTONE, OWNER, PIPELINE, CONTACT];

const COLOR: &str = "ColorName";
const NAME: &str = "Title";
const CONTACT: &str = "ContactId";
const AMOUNT: &str = "Amount";
const MILESTONE: &str = "StageId";
const PROBABILITY: &str = "Probability";
const CLOSE_DATE: &str = "CloseDate";
const OWNER: &str = "OwnerId";
const PIPELINE: &str = "PipelineId";

/// What a deal without a colour has.
const COLOR_DEFAULT: &str = "GREY";

#[derive(Serialize)]
pub(super) struct Deal<'a> {
    #[serde(rename = "colorName")]
    color_name: &'a str,
    id: Json,
    name: Option<&'a str>,
    contact_ids: Vec<String>,
    expected_value: Option<Json>,
    milestone: Option<&'a str>,
    probability: Option<Json>,
    close_date: Option<i64>,
    owner_id: Option<String>,
    pipeline_id: Option<Json>,
}

pub(super) fn event_data<'a>(facts: &'a AgileFacts<'_>) -> Deal<'a> {
    let stored = |column| facts.record.data.get(column);
    Deal {
        color_name: facts.text(COLOR).unwrap_or(COLOR_DEFAULT),
        id: id_of(facts.record.number, &facts.record.id),
        name: facts.text(NAME),
        contact_ids: facts.looked_up_id_text(CONTACT).into_iter().collect(),
        expected_value: stored(AMOUNT).and_then(number),
        milestone: facts.looked_up_name(MILESTONE),
        probability: stored(PROBABILITY).and_then(number),
        close_date: stored(CLOSE_DATE).and_then(epoch_seconds),
        owner_id: facts.looked_up_id_text(OWNER),
        pipeline_id: facts.looked_up_id(PIPELINE),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{Case, check};
    use super::*;
    use crate::change::ChangeType;

    fn deal(change_type: ChangeType, data: Json) -> Case {
        Case {
            entity: "Opportunity",
            change_type,
            number: 5_721_670_354_468_864,
            data,
            written: &["Probability"],
            lookups: &[
                ("ContactId", 5_667_649_732_214_784, "John Delta"),
                ("StageId", 4, "Proposal"),
                ("OwnerId", 6_263_975_862_861_824, "Ada"),
                ("PipelineId", 5_730_082_031_140_864, "Default"),
            ],
        }
    }

    fn data(probability: i64) -> Json {
        json!({
            "Title": "deal plane", "ContactId": "guid", "Amount": 50_000.0, "StageId": "guid",
            "Probability": probability, "OwnerId": "guid", "PipelineId": "guid"
        })
    }

    #[test]
    fn a_deal_is_created_as_documented() {
        check(
            deal(ChangeType::Create, data(95)),
            r#"{
                "eventName": "Opportunity is Created",
                "eventData": {
                    "colorName": "GREY",
                    "id": 5721670354468864,
                    "name": "deal plane",
                    "contact_ids": [
                        "5667649732214784"
                    ],
                    "expected_value": 50000,
                    "milestone": "Proposal",
                    "probability": 95,
                    "close_date": null,
                    "owner_id": "6263975862861824",
                    "pipeline_id": 5730082031140864
                }
            }"#,
        );
    }

    #[test]
    fn a_deal_is_updated_as_documented() {
        check(
            deal(ChangeType::Update, data(99)),
            r#"{
                "eventName": "Opportunity is Updated",
                "eventData": {
                    "colorName": "GREY",
                    "id": 5721670354468864,
                    "name": "deal plane",
                    "contact_ids": [
                        "5667649732214784"
                    ],
                    "expected_value": 50000,
                    "milestone": "Proposal",
                    "probability": 99,
                    "close_date": null,
                    "owner_id": "6263975862861824",
                    "pipeline_id": 5730082031140864
                }
            }"#,
        );
    }

    #[test]
    fn an_empty_deal_has_all_members() {
        check(
            Case { lookups: &[], ..deal(ChangeType::Delete, json!({})) },
            r#"{"eventName": "Opportunity is Deleted", "eventData": {
                "colorName": "GREY", "id": 5721670354468864, "name": null, "contact_ids": [],
                "expected_value": null, "milestone": null, "probability": null,
                "close_date": null, "owner_id": null, "pipeline_id": null
            }}"#,
        );
    }

    #[test]
    fn a_record_without_a_number_keeps_its_id() {
        let data = json!({
            "ColorName": "RED", "ContactId": "003A", "OwnerId": "77", "PipelineId": "88",
            "CloseDate": "2016-02-19"
        });
        check(
            Case { lookups: &[], number: 0, ..deal(ChangeType::Create, data) },
            r#"{"eventName": "Opportunity is Created", "eventData": {
                "colorName": "RED", "id": "c4ed336c-3e9b-40fe-8b82-5632476472b4", "name": null,
                "contact_ids": ["003A"], "expected_value": null, "milestone": null,
                "probability": null, "close_date": 1455840000, "owner_id": "77",
                "pipeline_id": 88
            }}"#,
        );
    }
}
