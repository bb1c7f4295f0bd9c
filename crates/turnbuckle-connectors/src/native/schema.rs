//! The entities of the built-in CRM as delivered.
//!
//! Every entity has `Id` first and `CreatedOn`, `ModifiedOn` last. The first
//! five columns of Contact and their labels are those a webhook sender sees in
//! Creatio's own description of it. Opportunity has a column for every member
//! of Agile's deal, Lead and FormSubmit have the text columns into which forms
//! put what is no record of a lookup (`CountryStr`) and where a visitor came
//! from (`Utm…`, `Bpm…`).

use turnbuckle_core::entity::{Column, ColumnType, Entity, Schema};
use turnbuckle_core::record::{CREATED_ON, ID, MODIFIED_ON};

/// All delivered entities, in the order they are shown.
pub fn standard_schema() -> Schema {
    let business = [contact(), account(), lead(), opportunity(), order(), form_submit()];
    let entities = business.into_iter().chain(lookups());
    Schema { entities: entities.map(|entity| (entity.name.clone(), entity)).collect() }
}

/// Puts the columns that every entity has around its own.
pub(super) fn framed(columns: impl IntoIterator<Item = Column>) -> Vec<Column> {
    let id = Column::new(ID, "Id", ColumnType::Guid).required().read_only();
    let times = [(CREATED_ON, "Created on"), (MODIFIED_ON, "Modified on")];
    let times = times.map(|(name, label)| datetime(name, label).read_only());
    std::iter::once(id).chain(columns).chain(times).collect()
}

fn entity(
    name: &str,
    label: &str,
    label_plural: &str,
    display: &str,
    columns: impl IntoIterator<Item = Column>,
) -> Entity {
    Entity {
        name: name.to_owned(),
        label: label.to_owned(),
        label_plural: label_plural.to_owned(),
        custom: false,
        display: display.to_owned(),
        columns: framed(columns),
    }
}

fn contact() -> Entity {
    let own = [
        text("Name", "Full name").required(),
        date("BirthDate", "Birth date"),
        integer("Age", "Age"),
        boolean("IsEmailConfirmed", "IsEmailConfirmed"),
        text("GivenName", "First name"),
        text("Surname", "Last name"),
        text("Email", "Email"),
        text("MobilePhone", "Mobile phone"),
        text("Phone", "Business phone"),
        text("JobTitle", "Job title"),
        Column::lookup("AccountId", "Account", "Account"),
        Column::lookup("TypeId", "Type", "ContactType"),
        owner(),
    ];
    let wishes = [
        boolean("DoNotUseEmail", "Do not use email"),
        boolean("DoNotUseCall", "Do not call"),
        notes(),
    ];
    let columns = own.into_iter().chain(address()).chain(wishes);
    entity("Contact", "Contact", "Contacts", "Name", columns)
}

fn account() -> Entity {
    let own = [
        text("Name", "Name").required(),
        Column::lookup("TypeId", "Type", "AccountType"),
        Column::lookup("IndustryId", "Industry", "Industry"),
        text("Phone", "Primary phone"),
        text("Email", "Email"),
        text("Web", "Web"),
        Column::lookup("PrimaryContactId", "Primary contact", "Contact"),
        Column::lookup("ParentId", "Parent account", "Account"),
        integer("EmployeesNumber", "No. of employees"),
        decimal("AnnualRevenue", "Annual revenue"),
        owner(),
    ];
    let columns = own.into_iter().chain(address()).chain([notes()]);
    entity("Account", "Account", "Accounts", "Name", columns)
}

fn lead() -> Entity {
    let own = [
        // Text on purpose: a lead is somebody we do not have as a contact yet.
        text("Contact", "Contact name"),
        text("Account", "Account name"),
        text("Email", "Email"),
        text("MobilePhone", "Mobile phone"),
        // Spelled as the CRM whose codes these are spells it.
        text("BusinesPhone", "Business phone"),
        text("FullJobTitle", "Full job title"),
        text("CountryStr", "Country (text)"),
        text("RegionStr", "State/province (text)"),
        text("CityStr", "City (text)"),
        long_text("Commentary", "Commentary"),
        notes(),
        Column::lookup("LeadTypeId", "Customer need", "LeadType"),
        Column::lookup("LeadSourceId", "Lead source", "LeadSource"),
        Column::lookup("LeadStatusId", "Lead status", "LeadStatus"),
        owner(),
    ];
    let columns = own.into_iter().chain(address()).chain(visit());
    entity("Lead", "Lead", "Leads", "Contact", columns)
}

fn opportunity() -> Entity {
    let columns = [
        text("Title", "Name").required(),
        Column::lookup("AccountId", "Account", "Account"),
        Column::lookup("ContactId", "Contact", "Contact"),
        Column::lookup("StageId", "Stage", "OpportunityStage"),
        Column::lookup("PipelineId", "Pipeline", "Pipeline"),
        decimal("Amount", "Amount"),
        Column::lookup("CurrencyId", "Currency", "Currency"),
        integer("Probability", "Probability, %"),
        date("CloseDate", "Close date"),
        owner(),
        Column::lookup("LeadSourceId", "Source", "LeadSource"),
        text("ColorName", "Color"),
        notes(),
    ];
    entity("Opportunity", "Opportunity", "Opportunities", "Title", columns)
}

fn order() -> Entity {
    let columns = [
        text("Number", "Number"),
        date("Date", "Date"),
        Column::lookup("AccountId", "Account", "Account"),
        Column::lookup("ContactId", "Contact", "Contact"),
        Column::lookup("OpportunityId", "Opportunity", "Opportunity"),
        Column::lookup("StatusId", "Status", "OrderStatus"),
        decimal("Amount", "Amount"),
        Column::lookup("CurrencyId", "Currency", "Currency"),
        owner(),
        notes(),
    ];
    entity("Order", "Order", "Orders", "Number", columns)
}

fn form_submit() -> Entity {
    let own = [
        text("FormName", "Form name"),
        text("FullName", "Full name"),
        text("Email", "Email"),
        text("MobilePhone", "Mobile phone"),
        date("BirthDate", "Birth date"),
        text("Account", "Account name"),
        text("CountryStr", "Country (text)"),
        text("RegionStr", "State/province (text)"),
        text("CityStr", "City (text)"),
        Column::lookup("ContactId", "Contact", "Contact"),
        notes(),
    ];
    let columns = own.into_iter().chain(visit());
    entity("FormSubmit", "Form Submit", "Form Submits", "Email", columns)
}

/// Where somebody is.
fn address() -> [Column; 5] {
    [
        Column::lookup("CountryId", "Country", "Country"),
        Column::lookup("RegionId", "State/province", "Region"),
        Column::lookup("CityId", "City", "City"),
        text("Address", "Address"),
        text("Zip", "ZIP/postal code"),
    ]
}

/// What a web page knows of the visit that ended in a form.
fn visit() -> [Column; 9] {
    [
        text("UtmSourceStr", "UTM source"),
        text("UtmMediumStr", "UTM medium"),
        text("UtmCampaignStr", "UTM campaign"),
        text("UtmContentStr", "UTM content"),
        text("UtmTermStr", "UTM term"),
        text("UtmIdStr", "UTM id"),
        text("BpmHref", "Landing page"),
        text("BpmRef", "Referrer"),
        text("BpmSessionId", "Web session"),
    ]
}

/// The entities that others look up, each found by what people call its records.
fn lookups() -> Vec<Entity> {
    let name = || text("Name", "Name").required();
    let code = || text("Code", "Code");
    let position = || integer("Position", "Position");
    let country = || Column::lookup("CountryId", "Country", "Country");
    let stage = [
        name(),
        position(),
        integer("Probability", "Probability, %"),
        boolean("IsClosed", "Is closed"),
        boolean("IsWon", "Is won"),
        Column::lookup("PipelineId", "Pipeline", "Pipeline"),
    ];
    vec![
        entity("User", "User", "Users", "Name", [name(), text("Email", "Email")]),
        entity("Country", "Country", "Countries", "Name", [name(), code()]),
        entity("Region", "State/province", "States/provinces", "Name", [name(), country()]),
        entity("City", "City", "Cities", "Name", [name(), country()]),
        // Forms and shops send `USD`, not "US dollar".
        entity("Currency", "Currency", "Currencies", "Code", [name(), code().required()]),
        entity("Pipeline", "Pipeline", "Pipelines", "Name", [name()]),
        entity("OpportunityStage", "Opportunity stage", "Opportunity stages", "Name", stage),
        entity("LeadType", "Customer need", "Customer needs", "Name", [name()]),
        entity("LeadSource", "Lead source", "Lead sources", "Name", [name()]),
        entity("LeadStatus", "Lead status", "Lead statuses", "Name", [name(), position()]),
        entity("OrderStatus", "Order status", "Order statuses", "Name", [name(), position()]),
        entity("ContactType", "Contact type", "Contact types", "Name", [name()]),
        entity("AccountType", "Account type", "Account types", "Name", [name()]),
        entity("Industry", "Industry", "Industries", "Name", [name()]),
    ]
}

fn owner() -> Column {
    Column::lookup("OwnerId", "Owner", "User")
}

fn notes() -> Column {
    long_text("Notes", "Notes")
}

fn text(name: &str, label: &str) -> Column {
    Column::new(name, label, ColumnType::Text)
}

fn long_text(name: &str, label: &str) -> Column {
    Column::new(name, label, ColumnType::LongText)
}

fn integer(name: &str, label: &str) -> Column {
    Column::new(name, label, ColumnType::Integer)
}

fn decimal(name: &str, label: &str) -> Column {
    Column::new(name, label, ColumnType::Decimal)
}

fn boolean(name: &str, label: &str) -> Column {
    Column::new(name, label, ColumnType::Boolean)
}

fn date(name: &str, label: &str) -> Column {
    Column::new(name, label, ColumnType::Date)
}

fn datetime(name: &str, label: &str) -> Column {
    Column::new(name, label, ColumnType::Datetime)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use turnbuckle_core::entity::ColumnPath;
    use turnbuckle_core::id::check_code;

    use super::*;

    #[track_caller]
    fn check_columns(entity: &str, expected: &[&str]) {
        let schema = standard_schema();
        let entity = schema.entity(entity).unwrap();
        let missing: Vec<_> =
            expected.iter().filter(|name| entity.column(name).is_none()).collect();
        assert!(missing.is_empty(), "{} lacks {missing:?}", entity.name);
    }

    #[test]
    fn every_entity_is_framed_by_what_the_crm_sets() {
        for entity in standard_schema().entities.values() {
            let names: Vec<&str> = entity.columns.iter().map(|it| it.name.as_str()).collect();
            assert_eq!(names.first(), Some(&ID));
            assert_eq!(names[names.len() - 2..], [CREATED_ON, MODIFIED_ON]);
            for name in [ID, CREATED_ON, MODIFIED_ON] {
                let column = entity.column(name).unwrap();
                assert!(!column.createable && !column.updateable, "{}.{name}", entity.name);
            }
        }
    }

    #[test]
    fn names_are_codes_and_stand_once() {
        for entity in standard_schema().entities.values() {
            check_code("entity", &entity.name).unwrap();
            let mut seen = HashSet::new();
            for column in &entity.columns {
                check_code("column", &column.name).unwrap();
                let name = column.name.to_lowercase();
                assert!(seen.insert(name), "{}.{} twice", entity.name, column.name);
                assert!(!column.label.is_empty());
            }
            assert!(entity.column(&entity.display).is_some(), "{} has no display", entity.name);
        }
    }

    #[test]
    fn every_lookup_points_somewhere_and_can_be_walked() {
        let schema = standard_schema();
        for entity in schema.entities.values() {
            for column in &entity.columns {
                let is_lookup = column.column_type == ColumnType::Lookup;
                assert_eq!(is_lookup, column.lookup.is_some(), "{}.{}", entity.name, column.name);
                let Some(target) = &column.lookup else { continue };
                assert!(schema.entity(target).is_some(), "{}.{}", entity.name, column.name);
                let walk_name = column.walk_name().expect("a lookup ends in Id");
                assert!(entity.column(walk_name).is_none(), "{}.{walk_name} twice", entity.name);
            }
        }
    }

    #[test]
    fn paths_walk_to_names() {
        let schema = standard_schema();
        for (entity, path) in [
            ("Opportunity", "Stage.Name"),
            ("Opportunity", "Stage.Pipeline.Name"),
            ("Opportunity", "Owner.Email"),
            ("Lead", "Country.Code"),
            ("Contact", "Account.Owner.Name"),
            ("Order", "Opportunity.Title"),
        ] {
            let path = ColumnPath::parse(path).unwrap();
            assert!(schema.resolve(schema.entity(entity).unwrap(), &path).is_ok(), "{path}");
        }
    }

    #[test]
    fn a_contact_starts_with_the_columns_a_sender_knows() {
        let schema = standard_schema();
        let columns = &schema.entity("Contact").unwrap().columns[..5];
        let shown: Vec<_> =
            columns.iter().map(|it| (it.name.as_str(), it.label.as_str(), it.required)).collect();
        let expected = [
            ("Id", "Id", true),
            ("Name", "Full name", true),
            ("BirthDate", "Birth date", false),
            ("Age", "Age", false),
            ("IsEmailConfirmed", "IsEmailConfirmed", false),
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_lead_takes_what_forms_send() {
        let expected = "Contact Account Email MobilePhone BusinesPhone FullJobTitle CountryId \
            CountryStr CityId CityStr Address Zip Commentary Notes LeadTypeId LeadSourceId \
            LeadStatusId OwnerId UtmSourceStr UtmMediumStr UtmCampaignStr UtmContentStr \
            UtmTermStr UtmIdStr BpmHref BpmRef";
        check_columns("Lead", &expected.split_whitespace().collect::<Vec<_>>());
        let schema = standard_schema();
        let lead = schema.entity("Lead").unwrap();
        assert!(lead.columns.iter().all(|it| !it.required || it.name == ID));
        assert_eq!(lead.column("Contact").unwrap().column_type, ColumnType::Text);
    }

    #[test]
    fn an_opportunity_has_a_column_for_every_member_of_a_deal() {
        let columns = [
            "ColorName",   // colorName
            "Title",       // name
            "ContactId",   // contact_ids
            "Amount",      // expected_value
            "StageId",     // milestone
            "Probability", // probability
            "CloseDate",   // close_date
            "OwnerId",     // owner_id
            "PipelineId",  // pipeline_id
        ];
        check_columns("Opportunity", &columns);
    }

    #[test]
    fn nothing_is_unique_until_a_workspace_says_so() {
        let schema = standard_schema();
        assert!(schema.entities.values().flat_map(|it| &it.columns).all(|it| !it.unique));
    }
}
