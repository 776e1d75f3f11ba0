//! Admission in the table: one conditional write, for the shape that the key is known or assumed to
//! have; and what to do when its condition fails.

use std::sync::Arc;

use super::call::{Patience, Update};
use super::errors::WriteError;
use super::expression::{Assumed, Expression};
use super::layout::{Row, account_key, from_row};
use super::table::{ATTEMPT_MS, DynamoStore, TRIES};
use crate::keys::Presented;
use crate::quota::{Account, Demand, Evidence, Owner, Shape, shard_order};
use crate::store::admission::{Admission, Denial, admitted, closest, identify, identify_team};
use crate::store::error::StoreError;
use crate::store::item::Item;

/// A shape that is wrong again and again is being changed all the time, or cannot be kept.
const MOST_LESSONS: u32 = 4;

/// What became of a write.
pub(super) enum Written {
    /// It happened; the items as they are now.
    Items(Vec<Item>),
    /// It did not; the items as they are, where their conditions failed, by place.
    Refused(Vec<(usize, Option<Item>)>),
}

/// One account that an admission takes from.
pub(super) struct Choice {
    pub(super) first: Account,
    shape: Arc<Shape>,
    /// The shards that are still to be tried, the current one first.
    shards: Vec<u16>,
    expired: Option<(u64, Vec<String>)>,
    denial: Option<Denial>,
}

impl Choice {
    fn new(first: Account, shape: Arc<Shape>, draw: u64) -> Self {
        let shards = shard_order(shape.shards, draw).collect();
        Self { first, shape, shards, expired: None, denial: None }
    }

    pub(super) fn account(&self) -> Account {
        self.first.with_shard(self.shards.first().copied().unwrap_or(0))
    }

    pub(super) fn assumed(&self) -> Assumed<'_> {
        let expired = self.expired.as_ref().map(|(figure, leases)| (*figure, leases.as_slice()));
        Assumed { shape: &self.shape, expired }
    }

    /// The shard that was asked has no room: the next one, or the reason why there is none.
    fn next_shard(&mut self, denial: Denial) -> Result<(), Denial> {
        self.expired = None;
        let denial = closest(self.denial.take(), denial);
        if !self.shards.is_empty() {
            self.shards.remove(0);
        }
        if self.shards.is_empty() {
            return Err(denial);
        }
        self.denial = Some(denial);
        Ok(())
    }
}

impl DynamoStore {
    pub(super) async fn admit_in_table(
        &self,
        presented: &Presented,
        demand: &Demand,
        now_ms: u64,
    ) -> Result<Admission, Denial> {
        let key = Account::key(presented.id.clone());
        let shape = self.known.shape(&key).unwrap_or_else(Shape::assumed);
        let mut choices = vec![Choice::new(key, shape, demand.draw)];
        let (mut lessons, mut trips) = (0, 0);
        loop {
            trips += self.choose_team(&mut choices, presented, demand).await?;
            self.skip_refused(&mut choices, presented, demand, now_ms)?;
            let refused = match self.write(&choices, presented, demand, now_ms).await? {
                Written::Items(items) => {
                    // A team's admission is a transaction, and reads beside each other.
                    trips += if items.len() > 1 { 2 } else { 1 };
                    let admission = self.grant(presented, &items, demand, (now_ms, trips))?;
                    return self.permitted(admission, demand, now_ms).await;
                }
                Written::Refused(refused) => refused,
            };
            trips += 1;
            for (place, item) in refused {
                let Some(choice) = choices.get_mut(place) else { continue };
                let is_own = match (&item, &demand.lease) {
                    (Some(item), Some(lease)) => item.ledger.leases.contains_key(&lease.id),
                    _ => false,
                };
                if is_own && place == 0 && choice.shape.team.is_none() {
                    // The reply to a first try was lost: it was applied.
                    return self.grant(presented, item.as_slice(), demand, (now_ms, trips));
                }
                if self.look(choice, item.as_ref(), presented, demand, now_ms)? {
                    lessons += 1;
                    // What was assumed of the key decides on its team.
                    choices.truncate(1);
                    break;
                }
            }
            if lessons > MOST_LESSONS {
                let why = "a condition fails for no reason".to_owned();
                return Err(Denial::Store(StoreError::Corrupt(why)));
            }
        }
    }

    /// A condition cannot know the patterns of aliases: what was taken for one that the key may not
    /// use is given back at once.
    async fn permitted(
        &self,
        admission: Admission,
        demand: &Demand,
        now_ms: u64,
    ) -> Result<Admission, Denial> {
        let caller = &admission.caller;
        if demand.alias.as_ref().is_none_or(|alias| caller.may_use(alias)) {
            return Ok(admission);
        }
        let forbidden = Denial::Forbidden(caller.allowed());
        let settlement = admission.hold.settle(&Evidence::Void, now_ms);
        // Unless it is certain, it stays charged.
        drop(self.settle_in_table(&settlement).await);
        Err(forbidden)
    }

    /// Adds the team of the key, if it has one, with its shape. Counts the calls that took.
    async fn choose_team(
        &self,
        choices: &mut Vec<Choice>,
        presented: &Presented,
        demand: &Demand,
    ) -> Result<u32, Denial> {
        let [key] = choices.as_slice() else { return Ok(0) };
        let Some(team) = key.shape.team.clone().map(Account::team) else { return Ok(0) };
        let known = self.known.shape(&team);
        let trips = u32::from(known.is_none());
        let shape = if let Some(shape) = known {
            shape
        } else {
            let item = self.get(&team).await.map_err(Denial::Store)?;
            if let Err(denial) = identify_team(item.as_ref()) {
                // Only who has the key is told of its team.
                let key = self.get(&key.first).await.map_err(Denial::Store)?;
                identify(key.as_ref(), presented, demand.alias.as_deref())?;
                return Err(denial);
            }
            let Some(item) = item else { return Err(Denial::UnknownKey) };
            self.known.learn(&team, &item, None);
            Arc::new(item.ledger.shape)
        };
        choices.push(Choice::new(team, shape, demand.draw));
        Ok(trips)
    }

    /// Passes over shards that are known to have no room.
    fn skip_refused(
        &self,
        choices: &mut [Choice],
        presented: &Presented,
        demand: &Demand,
        now_ms: u64,
    ) -> Result<(), Denial> {
        let key = Account::key(presented.id.clone());
        for choice in choices {
            while let Some(denial) =
                self.known.refusal(&choice.account(), &key, presented, demand, now_ms)
            {
                choice.next_shard(denial)?;
            }
        }
        Ok(())
    }

    fn grant(
        &self,
        presented: &Presented,
        items: &[Item],
        demand: &Demand,
        (now_ms, trips): (u64, u32),
    ) -> Result<Admission, Denial> {
        for item in items {
            let key = matches!(item.account.owner, Owner::Key(_)).then_some(presented);
            self.known.learn(&item.account.with_shard(0), item, key);
        }
        let items: Vec<&Item> = items.iter().collect();
        admitted(&items, demand, now_ms, trips).ok_or(Denial::UnknownKey)
    }

    /// Looks at an item whose condition failed. `true` when the choice must be made anew, because
    /// the account is not what was assumed; otherwise the choice has moved on, or is refused.
    fn look(
        &self,
        choice: &mut Choice,
        item: Option<&Item>,
        presented: &Presented,
        demand: &Demand,
        now_ms: u64,
    ) -> Result<bool, Denial> {
        let is_key = matches!(choice.first.owner, Owner::Key(_));
        if item.is_none() && choice.account().shard > 0 {
            // It has fewer shards than it had; the first one knows.
            self.known.forget(&choice.first);
            choice.shards = vec![0];
            return Ok(true);
        }
        if is_key {
            identify(item, presented, demand.alias.as_deref())?;
        } else {
            identify_team(item)?;
        }
        let Some(item) = item else { return Err(Denial::UnknownKey) };
        let account = choice.account();
        let shape = &item.ledger.shape;
        self.known.learn(&choice.first, item, is_key.then_some(presented));
        if !shape.fits(&choice.shape) {
            *choice = Choice::new(choice.first.clone(), Arc::new(shape.clone()), demand.draw);
            return Ok(true);
        }
        if let Some(objection) = item.ledger.objection(&account, demand, now_ms) {
            let denial = Denial::from(objection);
            self.known.learn(&account, item, is_key.then_some(presented));
            self.known.refused(&account, &denial, demand, now_ms);
            choice.next_shard(denial)?;
            return Ok(false);
        }
        let expired = item.ledger.expired(now_ms);
        if !expired.is_empty() && choice.expired.is_none() {
            let rule = shape.rules.iter().find(|rule| !rule.limit.is_window());
            let figure = rule.map_or(0, |rule| item.ledger.figure(rule));
            choice.expired = Some((figure, expired));
            return Ok(false);
        }
        // It would be admitted now: another request has made room, or the assumption was too
        // strict for an amount that is beyond all limits.
        *choice = Choice::new(choice.first.clone(), Arc::new(shape.clone()), demand.draw);
        Ok(true)
    }

    async fn write(
        &self,
        choices: &[Choice],
        presented: &Presented,
        demand: &Demand,
        now_ms: u64,
    ) -> Result<Written, Denial> {
        match choices {
            [key] => self.write_one(key, presented, demand, now_ms).await,
            all => self.write_all(all, presented, demand, now_ms).await,
        }
    }

    async fn write_one(
        &self,
        key: &Choice,
        presented: &Presented,
        demand: &Demand,
        now_ms: u64,
    ) -> Result<Written, Denial> {
        let expression = Expression::admission(Some(presented), key.assumed(), demand, now_ms);
        let (pk, sk) = account_key(&key.account());
        let update = Update { pk, sk: sk.to_owned(), expression, wants_row: true };
        // Reserving twice is safe, so it may be sent again after a lost reply.
        let patience = Patience { try_ms: ATTEMPT_MS, tries: TRIES, draw: demand.draw };
        match self.writer.update(&update, patience).await {
            Ok(row) => {
                let item = from_row(&row.unwrap_or_default()).map_err(Denial::Store)?;
                Ok(Written::Items(vec![item]))
            }
            Err(WriteError::Refused(row)) => Ok(Written::Refused(vec![(0, read(row.as_ref())?)])),
            Err(WriteError::Failed(error)) => Err(Denial::Store(error)),
        }
    }
}

pub(super) fn read(row: Option<&Row>) -> Result<Option<Item>, Denial> {
    row.map(from_row).transpose().map_err(Denial::Store)
}
