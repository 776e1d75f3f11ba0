//! The table's settings: what they should be, what they are, and how they are put right.

use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{
    BillingMode, KeyType, PointInTimeRecoverySpecification, PointInTimeRecoveryStatus,
    TableDescription, TimeToLiveDescription, TimeToLiveSpecification, TimeToLiveStatus,
};

use super::aws::Table;
use super::output::Failed;
use crate::store::dynamo::layout::TTL;

const BACKUPS_PAUSE: Duration = Duration::from_secs(2);
const BACKUPS_TRIES: u32 = 30;

/// One setting of the table.
#[derive(Debug, PartialEq)]
pub(super) struct Setting {
    pub(super) name: &'static str,
    pub(super) found: String,
    pub(super) state: State,
}

/// How a setting compares with what it should be.
#[derive(Debug, PartialEq)]
pub(super) enum State {
    /// As it should be.
    Good,
    /// It was put right just now.
    Repaired,
    /// Not as it should be, and what follows from that.
    Differs(&'static str),
    /// This DynamoDB does not know it: DynamoDB Local.
    Unknown,
}

impl Setting {
    fn new(name: &'static str, found: impl Into<String>, state: State) -> Self {
        Self { name, found: found.into(), state }
    }

    fn repaired(name: &'static str) -> Self {
        Self::new(name, "on", State::Repaired)
    }
}

/// What the rows cannot do without: `pk` and `sk`, both text.
pub(super) fn key_schema(description: &TableDescription) -> String {
    let attribute = |name: &str| {
        description.attribute_definitions().iter().find(|found| found.attribute_name() == name)
    };
    let keys = description.key_schema().iter().map(|key| {
        let name = key.attribute_name();
        let kind = attribute(name).map_or("?", |found| found.attribute_type().as_str());
        let role = if *key.key_type() == KeyType::Hash { "partition" } else { "sort" };
        format!("{role} key {name} ({kind})")
    });
    keys.collect::<Vec<_>>().join(", ")
}

/// Paying for what is used. A choice: never changed here.
pub(super) fn billing(description: &TableDescription) -> Setting {
    let mode = description.billing_mode_summary().and_then(|summary| summary.billing_mode());
    if mode == Some(&BillingMode::PayPerRequest) {
        return Setting::new("billing", "on demand", State::Good);
    }
    let follows = State::Differs("requests beyond the provisioned capacity are refused");
    Setting::new("billing", "provisioned", follows)
}

/// Rollup rows expire by themselves.
pub(super) async fn expiry(table: &Table, repair: bool) -> Result<Setting, Failed> {
    const NAME: &str = "expiry of rows";
    let doing = "read the table's expiry of rows";
    let described = table.client.describe_time_to_live().table_name(&table.name).send().await;
    let described = match described {
        Ok(described) => described.time_to_live_description,
        Err(error) if is_unknown(&error) => return Ok(Setting::new(NAME, "-", State::Unknown)),
        Err(error) => return Err(table.failed(doing, &error)),
    };
    let setting = expiry_as_described(NAME, described.as_ref());
    // One attribute at a time: another one's expiry is a choice.
    if !repair || setting.state == State::Good || setting.found != "off" {
        return Ok(setting);
    }
    let wanted = TimeToLiveSpecification::builder().attribute_name(TTL).enabled(true).build();
    let wanted = wanted.map_err(|error| Failed::new(error.to_string()))?;
    let update = table.client.update_time_to_live().table_name(&table.name);
    match update.time_to_live_specification(wanted).send().await {
        Ok(_) => Ok(Setting::repaired(NAME)),
        Err(error) if is_unknown(&error) => Ok(Setting::new(NAME, "-", State::Unknown)),
        Err(error) => Err(table.failed("switch on the expiry of rows", &error)),
    }
}

fn expiry_as_described(name: &'static str, found: Option<&TimeToLiveDescription>) -> Setting {
    let is_on = found.and_then(|found| found.time_to_live_status()).is_some_and(|status| {
        matches!(status, TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)
    });
    let follows = State::Differs("statistics rows stay for ever");
    match found.and_then(|found| found.attribute_name()) {
        Some(TTL) if is_on => Setting::new(name, "on", State::Good),
        Some(other) if is_on => Setting::new(name, format!("by '{other}'"), follows),
        _ => Setting::new(name, "off", follows),
    }
}

/// The last 35 days can be restored.
pub(super) async fn recovery(table: &Table, repair: bool) -> Result<Setting, Failed> {
    const NAME: &str = "point-in-time recovery";
    let described = table.client.describe_continuous_backups().table_name(&table.name).send().await;
    let described = match described {
        Ok(described) => described.continuous_backups_description,
        Err(error) if is_unknown(&error) => return Ok(Setting::new(NAME, "-", State::Unknown)),
        Err(error) => return Err(table.failed("read the table's backups", &error)),
    };
    let status = described
        .and_then(|backups| backups.point_in_time_recovery_description)
        .and_then(|recovery| recovery.point_in_time_recovery_status);
    if status == Some(PointInTimeRecoveryStatus::Enabled) {
        return Ok(Setting::new(NAME, "on", State::Good));
    }
    if !repair {
        let follows = State::Differs("a slip cannot be undone");
        return Ok(Setting::new(NAME, "off", follows));
    }
    switch_on_recovery(table).await?;
    Ok(Setting::repaired(NAME))
}

async fn switch_on_recovery(table: &Table) -> Result<(), Failed> {
    let wanted = PointInTimeRecoverySpecification::builder()
        .point_in_time_recovery_enabled(true)
        .build()
        .map_err(|error| Failed::new(error.to_string()))?;
    for last in (0..BACKUPS_TRIES).map(|tries| tries + 1 == BACKUPS_TRIES) {
        let update = table
            .client
            .update_continuous_backups()
            .table_name(&table.name)
            .point_in_time_recovery_specification(wanted.clone());
        match update.send().await {
            Ok(_) => break,
            // A new table is set up for backups only some seconds after it became active.
            Err(error) if !last && has_code(&error, "ContinuousBackupsUnavailableException") => {
                tokio::time::sleep(BACKUPS_PAUSE).await;
            }
            Err(error) => return Err(table.failed("switch on point-in-time recovery", &error)),
        }
    }
    Ok(())
}

/// The table cannot be deleted by a slip.
pub(super) async fn protection(
    table: &Table,
    description: &TableDescription,
    repair: bool,
) -> Result<Setting, Failed> {
    const NAME: &str = "deletion protection";
    match description.deletion_protection_enabled {
        Some(true) => return Ok(Setting::new(NAME, "on", State::Good)),
        None => return Ok(Setting::new(NAME, "-", State::Unknown)),
        Some(false) if !repair => {
            let follows = State::Differs("the table can be deleted by a slip");
            return Ok(Setting::new(NAME, "off", follows));
        }
        Some(false) => {}
    }
    let update = table.client.update_table().table_name(&table.name);
    match update.deletion_protection_enabled(true).send().await {
        Ok(_) => Ok(Setting::repaired(NAME)),
        Err(error) => Err(table.failed("switch on deletion protection", &error)),
    }
}

fn is_unknown<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    has_code(error, "UnknownOperationException")
}

fn has_code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>, code: &str) -> bool {
    error.as_service_error().is_some_and(|error| error.code() == Some(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_by_another_attribute_is_told_apart() {
        let described = |attribute: &str, status| {
            let described = TimeToLiveDescription::builder().attribute_name(attribute);
            described.time_to_live_status(status).build()
        };
        let found =
            |described: &TimeToLiveDescription| expiry_as_described("", Some(described)).found;
        assert_eq!(found(&described("ttl", TimeToLiveStatus::Enabling)), "on");
        assert_eq!(found(&described("ttl", TimeToLiveStatus::Disabled)), "off");
        assert_eq!(found(&described("old", TimeToLiveStatus::Enabled)), "by 'old'");
        assert_eq!(expiry_as_described("", None).found, "off");
    }
}
