//! Reading how a key stands, for its holder.

use futures_util::future::try_join_all;

use super::errors::from_sdk;
use super::layout::{account_key, from_row, text};
use super::table::DynamoStore;
use crate::keys::Presented;
use crate::quota::Account;
use crate::store::admission::{Denial, Standing, identify, identify_team, standing};
use crate::store::error::StoreError;
use crate::store::item::Item;

impl DynamoStore {
    pub(super) async fn inspect_in_table(
        &self,
        presented: &Presented,
        now_ms: u64,
    ) -> Result<Standing, Denial> {
        let key = Account::key(presented.id.clone());
        let first = self.get(&key).await.map_err(Denial::Store)?;
        identify(first.as_ref(), presented, None)?;
        let Some(first) = first else { return Err(Denial::UnknownKey) };
        self.known.learn(&key, &first, Some(presented));
        let mut keys = self.shards_after_first(&key, &first).await?;
        let team = first.ledger.shape.team.clone().map(Account::team);
        keys.insert(0, first);
        let mut teams = Vec::new();
        if let Some(team) = team {
            let first = self.get(&team).await.map_err(Denial::Store)?;
            identify_team(first.as_ref())?;
            if let Some(first) = first {
                teams = self.shards_after_first(&team, &first).await?;
                teams.insert(0, first);
            }
        }
        let (keys, teams): (Vec<_>, Vec<_>) = (keys.iter().collect(), teams.iter().collect());
        standing(&keys, &teams, now_ms).ok_or(Denial::UnknownKey)
    }

    async fn shards_after_first(
        &self,
        account: &Account,
        first: &Item,
    ) -> Result<Vec<Item>, Denial> {
        let shards = 1..first.ledger.shape.shards;
        let items = shards.map(|shard| async move { self.get(&account.with_shard(shard)).await });
        let items = try_join_all(items).await.map_err(Denial::Store)?;
        Ok(items.into_iter().flatten().collect())
    }

    pub(super) async fn get(&self, account: &Account) -> Result<Option<Item>, StoreError> {
        let (pk, sk) = account_key(account);
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let output = get.key("pk", text(pk)).key("sk", text(sk)).send().await;
        let output = output.map_err(|error| from_sdk(&error))?;
        output.item.as_ref().map(from_row).transpose()
    }
}
