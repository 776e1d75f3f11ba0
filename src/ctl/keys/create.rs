//! `key create` and `key mint`: a new secret, shown once.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};

use super::policy;
use super::rows::is_refused_by_condition;
use crate::ctl::aws::Table;
use crate::ctl::command::{CreateOptions, MintOptions, PolicyOptions};
use crate::ctl::output::{Failed, Report};
use crate::ctl::units::{limits, limits_json, limits_line};
use crate::keys::{Digest, KeyId, RANDOM_BYTES, Secret};
use crate::store::dynamo::layout::to_row;
use crate::store::{KeyItem, KeyState};

/// One draw in millions is not enough for a key.
const DRAWS: u32 = 8;

/// Makes a key in the table.
pub(in crate::ctl) async fn create(
    table: &Table,
    options: &CreateOptions,
    now_ms: u64,
) -> Result<Report, Failed> {
    let warnings = policy::warnings(table, &options.policy).await;
    let (id, secret) = draw()?;
    let item = KeyItem {
        id,
        hash: Digest::of(secret.reveal()).to_hex(),
        state: KeyState::Active,
        name: options.name.clone(),
        models: options.policy.models.clone(),
        created_ms: now_ms,
        limits: options.policy.limits(),
        counters: BTreeMap::new(),
    };
    store(table, &item).await?;
    let KeyItem { id, name, models, limits, .. } = &item;
    let lost = format!("the secret is lost: 'tollgatectl key revoke {id}', then make another key");
    let (models, limits) = (models.join(", "), limits_line(limits));
    let about = format!("key {id} '{name}': models {models}; {limits}");
    let mut report = Report::new(as_json(id, name, &secret, &options.policy))
        .text(about)
        .text(format!("\n    export OPENAI_API_KEY={}\n", secret.reveal()))
        .text("This is the only time that the secret is shown: the table holds its hash.")
        .notes(warnings);
    report.if_lost = Some(lost);
    Ok(report)
}

/// Makes a key for a local document.
pub(in crate::ctl) fn mint(options: &MintOptions) -> Result<Report, Failed> {
    let (id, secret) = draw()?;
    let MintOptions { name, policy } = options;
    // JSON texts are YAML texts, whatever they hold.
    let mut entry = format!(
        "keys:\n  - {{ name: {}, secret: {}, models: {}",
        json!(name),
        secret.reveal(),
        json!(policy.models),
    );
    let limits: Vec<_> =
        limits(&policy.limits()).map(|(name, value)| format!("{name}: {value}")).collect();
    if !limits.is_empty() {
        entry = format!("{entry}, limits: {{ {} }}", limits.join(", "));
    }
    entry.push_str(" }");
    Ok(Report::new(as_json(&id, name, &secret, policy))
        .notes(["for a local gateway.yaml; the function's keys are made by 'key create'".into()])
        .text(entry))
}

fn as_json(id: &KeyId, name: &str, secret: &Secret, policy: &PolicyOptions) -> Value {
    json!({
        "id": id.as_str(),
        "name": name,
        "secret": secret.reveal(),
        "models": policy.models,
        "limits": limits_json(&policy.limits()),
    })
}

fn draw() -> Result<(KeyId, Secret), Failed> {
    let random = SystemRandom::new();
    let mut bytes = [0; RANDOM_BYTES];
    for _ in 0..DRAWS {
        random
            .fill(&mut bytes)
            .map_err(|_| Failed::new("the operating system gives no random bytes"))?;
        if let Ok(key) = crate::keys::mint(&bytes) {
            return Ok(key);
        }
    }
    Err(Failed::new("the operating system's random bytes are not random"))
}

async fn store(table: &Table, item: &KeyItem) -> Result<(), Failed> {
    let row = to_row(item);
    let put = table
        .client
        .put_item()
        .table_name(&table.name)
        .set_item(Some(row.clone()))
        .condition_expression("attribute_not_exists(pk)")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    match put.send().await {
        Ok(_) => Ok(()),
        Err(error) => match is_refused_by_condition(&error) {
            // The SDK tried again after a lost reply: the row is ours.
            Some(found) if found.get("hash") == row.get("hash") => Ok(()),
            Some(_) => Err(Failed::new(format!("the id {} is taken", item.id)).advice("try again")),
            None => Err(table.failed("write the key", &error)),
        },
    }
}
