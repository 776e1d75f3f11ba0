//! One row's part of a write: what becomes of its attributes, on which conditions.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem, Update};

use super::holder::Shard;
use crate::ctl::aws::Table;
use crate::ctl::output::Failed;
use crate::quota::Account;
use crate::store::dynamo::layout::{Row, SHAPE, STATE, account_key, text};

/// DynamoDB takes no longer expressions.
const MOST_EXPRESSION_BYTES: usize = 4_096;

/// An update with its conditions, being written.
#[derive(Debug, Default)]
pub(super) struct Expression {
    pub(super) sets: Vec<String>,
    removes: Vec<String>,
    conditions: Vec<String>,
    names: HashMap<String, String>,
    values: Row,
}

impl Expression {
    /// A write that happens only while the row has the policy and the state that were read.
    pub(super) fn of(shard: &Shard) -> Self {
        let mut expression = Self::default();
        expression.require_equal(SHAPE, text(shard.item.ledger.shape.text()));
        expression.require_equal(STATE, text(shard.item.state.name()));
        expression
    }

    /// Whether it changes nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.sets.is_empty() && self.removes.is_empty()
    }

    /// An attribute's placeholder.
    pub(super) fn name(&mut self, attribute: &str) -> String {
        let known = self.names.iter().find(|(_, known)| *known == attribute);
        if let Some((placeholder, _)) = known {
            return placeholder.clone();
        }
        let placeholder = format!("#{}", self.names.len());
        self.names.insert(placeholder.clone(), attribute.to_owned());
        placeholder
    }

    /// A value's placeholder.
    pub(super) fn value(&mut self, value: AttributeValue) -> String {
        let known = self.values.iter().find(|(_, known)| **known == value);
        if let Some((placeholder, _)) = known {
            return placeholder.clone();
        }
        let placeholder = format!(":{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    pub(super) fn set(&mut self, attribute: &str, value: AttributeValue) {
        let (name, value) = (self.name(attribute), self.value(value));
        self.sets.push(format!("{name} = {value}"));
    }

    /// Adds to what is there, whatever that has become.
    pub(super) fn add(&mut self, attribute: &str, amount: AttributeValue) {
        let (name, amount) = (self.name(attribute), self.value(amount));
        self.sets.push(format!("{name} = {name} + {amount}"));
    }

    pub(super) fn remove(&mut self, attribute: &str) {
        let name = self.name(attribute);
        self.removes.push(name);
    }

    pub(super) fn require_equal(&mut self, attribute: &str, value: AttributeValue) {
        let (name, value) = (self.name(attribute), self.value(value));
        self.conditions.push(format!("{name} = {value}"));
    }

    pub(super) fn require_at_least(&mut self, attribute: &str, value: AttributeValue) {
        let (name, value) = (self.name(attribute), self.value(value));
        self.conditions.push(format!("{name} >= {value}"));
    }

    pub(super) fn require_there(&mut self, attribute: &str) {
        let name = self.name(attribute);
        self.conditions.push(format!("attribute_exists({name})"));
    }

    pub(super) fn require_absent(&mut self, attribute: &str) {
        let name = self.name(attribute);
        self.conditions.push(format!("attribute_not_exists({name})"));
    }

    /// Any other condition, of placeholders.
    pub(super) fn require(&mut self, condition: String) {
        self.conditions.push(condition);
    }

    fn update_text(&self) -> String {
        let part = |verb: &str, list: &[String]| match list {
            [] => String::new(),
            list => format!("{verb} {} ", list.join(", ")),
        };
        part("SET", &self.sets) + &part("REMOVE", &self.removes)
    }

    fn checked(text: String) -> Result<String, Failed> {
        if text.len() <= MOST_EXPRESSION_BYTES {
            return Ok(text);
        }
        Err(Failed::new("that is more than one write can change; nothing was changed")
            .advice("change fewer limits at once"))
    }

    /// The update, as a part of a transaction.
    pub(super) fn update(
        self,
        table: &Table,
        account: &Account,
    ) -> Result<TransactWriteItem, Failed> {
        let (pk, sk) = account_key(account);
        let values = Some(self.values.clone()).filter(|values| !values.is_empty());
        let update = Update::builder()
            .table_name(&table.name)
            .key("pk", text(pk))
            .key("sk", text(sk))
            .update_expression(Self::checked(self.update_text())?)
            .condition_expression(Self::checked(self.conditions.join(" AND "))?)
            .set_expression_attribute_names(Some(self.names))
            .set_expression_attribute_values(values);
        let update = update.build().map_err(|error| Failed::new(error.to_string()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// The conditions alone, for a row that goes.
    pub(super) fn delete(
        self,
        table: &Table,
        account: &Account,
    ) -> Result<TransactWriteItem, Failed> {
        let (pk, sk) = account_key(account);
        let delete = Delete::builder()
            .table_name(&table.name)
            .key("pk", text(pk))
            .key("sk", text(sk))
            .condition_expression(Self::checked(self.conditions.join(" AND "))?)
            .set_expression_attribute_names(Some(self.names))
            .set_expression_attribute_values(Some(self.values));
        let delete = delete.build().map_err(|error| Failed::new(error.to_string()))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }
}

/// A row that must not be there yet, as a part of a transaction.
pub(super) fn put(table: &Table, row: Row) -> Result<TransactWriteItem, Failed> {
    let put = Put::builder()
        .table_name(&table.name)
        .set_item(Some(row))
        .condition_expression("attribute_not_exists(pk)");
    let put = put.build().map_err(|error| Failed::new(error.to_string()))?;
    Ok(TransactWriteItem::builder().put(put).build())
}
