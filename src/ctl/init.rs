//! `init`: creates the table, or checks the one that is there.

use std::time::Duration;

use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    TableDescription, TableStatus,
};
use serde_json::json;

use super::aws::Table;
use super::grid::Grid;
use super::output::{Console, Failed, Report};
use super::table_settings::{self as settings, Setting, State};

const PAUSE: Duration = Duration::from_secs(1);
/// A table takes seconds.
const MOST_PAUSES: u32 = 300;

/// What the key schema must be, in the words of [`settings::key_schema`].
const KEY_SCHEMA: &str = "partition key pk (S), sort key sk (S)";

/// Creates the table unless it exists, and says how its settings are. Those of a new table are put
/// right, those of an older one only when that is asked for.
pub(super) async fn init(table: &Table, repair: bool, console: Console) -> Result<Report, Failed> {
    let is_new = describe(table).await?.is_none();
    if is_new {
        console.progress(&format!("creating the table '{}' in {} …", table.name, table.place));
        create(table).await?;
    }
    let description = wait_until_active(table, console).await?;
    let schema = settings::key_schema(&description);
    if schema != KEY_SCHEMA {
        return Err(wrong_schema(table, &schema));
    }
    let repair = repair || is_new;
    let settings = vec![
        settings::billing(&description),
        settings::expiry(table, repair).await?,
        settings::recovery(table, repair).await?,
        settings::protection(table, &description, repair).await?,
    ];
    Ok(report(table, is_new, &settings))
}

fn report(table: &Table, is_new: bool, settings: &[Setting]) -> Report {
    let Table { name, place, .. } = table;
    let rows = settings.iter().map(|setting| {
        let state = match &setting.state {
            State::Good => "ok".to_owned(),
            State::Repaired if is_new => "ok".to_owned(),
            State::Repaired => "switched on".to_owned(),
            State::Differs(follows) => format!("differs: {follows}"),
            State::Unknown => "skipped: this DynamoDB does not know it".to_owned(),
        };
        vec![setting.name.to_owned(), setting.found.clone(), state]
    });
    let differs = |setting: &&Setting| matches!(setting.state, State::Differs(_));
    let differing = settings.iter().filter(differs).count();
    let repairable = settings.iter().filter(differs).any(|setting| setting.found == "off");
    let json = json!({
        "table": name,
        "place": place,
        "created": is_new,
        "differs": differing,
        "settings": settings.iter().map(|setting| json!({
            "name": setting.name,
            "found": setting.found,
            "ok": !differs(&setting),
        })).collect::<Vec<_>>(),
    });
    let done = if is_new { "created" } else { "is there" };
    let advice = "'tollgatectl init --repair' switches on what is off";
    let next = "next: 'tollgatectl config push gateway.yaml', then 'tollgatectl key create'";
    Report::new(json)
        .text(format!("table {name} in {place}: {done}"))
        .grid(Grid::new(&["SETTING", "FOUND", "STATE"], rows))
        .notes(repairable.then(|| advice.to_owned()))
        .notes(is_new.then(|| next.to_owned()))
}

fn wrong_schema(table: &Table, found: &str) -> Failed {
    let Table { name, place, .. } = table;
    let what = format!("the table '{name}' in {place} has {found}; expected {KEY_SCHEMA}");
    Failed::new(what).advice("it belongs to something else: choose another name with --table")
}

async fn describe(table: &Table) -> Result<Option<TableDescription>, Failed> {
    match table.client.describe_table().table_name(&table.name).send().await {
        Ok(described) => Ok(described.table),
        Err(error) => match error.as_service_error() {
            Some(DescribeTableError::ResourceNotFoundException(_)) => Ok(None),
            _ => Err(table.failed("look at the table", &error)),
        },
    }
}

async fn create(table: &Table) -> Result<(), Failed> {
    let built = |error: aws_sdk_dynamodb::error::BuildError| Failed::new(error.to_string());
    let mut request = table
        .client
        .create_table()
        .table_name(&table.name)
        .billing_mode(BillingMode::PayPerRequest)
        .deletion_protection_enabled(true);
    for (name, role) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let definition = AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S)
            .build()
            .map_err(built)?;
        let key = KeySchemaElement::builder().attribute_name(name).key_type(role).build();
        request = request.attribute_definitions(definition).key_schema(key.map_err(built)?);
    }
    match request.send().await {
        Ok(_) => Ok(()),
        Err(error) => match error.as_service_error() {
            // Somebody else creates it at this moment, or our own first try did.
            Some(CreateTableError::ResourceInUseException(_)) => Ok(()),
            _ => Err(table.failed("create the table", &error)),
        },
    }
}

async fn wait_until_active(table: &Table, console: Console) -> Result<TableDescription, Failed> {
    for pauses in 0..MOST_PAUSES {
        let found = describe(table).await?;
        let status = found.as_ref().and_then(|found| found.table_status.as_ref());
        match (found.as_ref(), status) {
            (Some(found), Some(TableStatus::Active | TableStatus::Updating)) => {
                return Ok(found.clone());
            }
            // Just created, not yet visible everywhere.
            (None, _) | (Some(_), Some(TableStatus::Creating)) => {}
            (Some(_), status) => {
                let status = status.map_or("UNKNOWN", TableStatus::as_str);
                let what = format!("the table '{}' is in the state {status}", table.name);
                return Err(Failed::new(what).advice("wait until that has ended, then try again"));
            }
        }
        if pauses == 0 {
            console.progress("waiting for the table to become active …");
        }
        tokio::time::sleep(PAUSE).await;
    }
    let what = format!("the table '{}' has not become active in time", table.name);
    Err(Failed::new(what).advice("run 'tollgatectl init' again"))
}
