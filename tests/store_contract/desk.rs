//! A store to try the contract on, and keys to try it with.

use std::io::Write;
use std::sync::{Arc, Once};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::Value;
use tokio::sync::OnceCell;
use tollgate::keys::{Presented, RANDOM_BYTES, TeamId, mint, parse};
use tollgate::quota::{Account, Demand, Evidence, Hold, Ledger, LimitSet, Settlement};
use tollgate::store::dynamo::layout::{Row, text, to_row};
use tollgate::store::dynamo::{DynamoSettings, DynamoStore, SharedHttp};
use tollgate::store::{Admission, Denial, Item, MemoryStore, Policy, State, Store};
use tollgate::upstream::http::Http;

use super::words::{U, balance, figures, limits};

/// One of the two stores.
pub(crate) enum Desk {
    Memory,
    Dynamo(Table),
}

impl Desk {
    pub(crate) fn in_memory() -> Self {
        Self::Memory
    }

    /// The table that all tests of this run share; nothing where there is no DynamoDB.
    pub(crate) async fn in_dynamodb() -> Option<Self> {
        static SHARED: OnceCell<String> = OnceCell::const_new();
        let endpoint = endpoint()?;
        let name = SHARED.get_or_init(|| async { Table::create(&endpoint).await.name }).await;
        Some(Self::Dynamo(Table::at(&endpoint, name)))
    }

    /// A store with these items.
    pub(crate) async fn open(&self, items: Vec<Item>) -> Arc<dyn Store> {
        match self {
            Self::Memory => Arc::new(MemoryStore::new(Value::Null, items)),
            Self::Dynamo(table) => {
                for item in &items {
                    table.put(to_row(item)).await;
                }
                table.store.clone()
            }
        }
    }

    /// An active key with limits in requests a minute, tokens a day and nano-USD a month.
    pub(crate) async fn key(&self, rpm: u64, tpd: u64, usdmo: u64) -> Key {
        let all = [("rpm", rpm), ("tokens_per_day", tpd), ("usd_per_month", usdmo)];
        let limited = all.iter().filter(|(_, figure)| *figure != U);
        let words: Vec<_> = limited.map(|(name, figure)| format!("{name} {figure}")).collect();
        self.key_with(limits(&words.join(", "))).await
    }

    /// An active key with these limits.
    pub(crate) async fn key_with(&self, limits: LimitSet) -> Key {
        self.key_like(&limits, |_| ()).await
    }

    /// A key with these limits that differs from an active one.
    pub(crate) async fn key_like(&self, limits: &LimitSet, change: impl Fn(&mut Item)) -> Key {
        let (presented, mut items) = new_key(limits, None);
        items.iter_mut().for_each(change);
        Key { store: self.open(items).await, presented }
    }

    /// A team and its keys.
    pub(crate) async fn team<const KEYS: usize>(
        &self,
        team: &LimitSet,
        keys: [&LimitSet; KEYS],
    ) -> [Key; KEYS] {
        self.team_like(team, keys, |_| ()).await
    }

    /// A team that differs from an active one, and its keys.
    pub(crate) async fn team_like<const KEYS: usize>(
        &self,
        team: &LimitSet,
        keys: [&LimitSet; KEYS],
        change: impl Fn(&mut Item),
    ) -> [Key; KEYS] {
        let (id, mut items) = new_team(team);
        items.iter_mut().for_each(change);
        let keys = keys.map(|limits| new_key(limits, Some(&id)));
        items.extend(keys.iter().flat_map(|(_, items)| items.clone()));
        let store = self.open(items).await;
        keys.map(|(presented, _)| Key { store: store.clone(), presented })
    }
}

/// A key that nobody has used yet: what is presented for it, and its items.
pub(crate) fn new_key(limits: &LimitSet, team: Option<&TeamId>) -> (Presented, Vec<Item>) {
    let mut random = [0; RANDOM_BYTES];
    SystemRandom::new().fill(&mut random).unwrap();
    let (_, secret) = mint(&random).unwrap();
    let (id, digest) = parse(secret.reveal()).unwrap();
    let items = items(&Account::key(id.clone()), &digest.to_hex(), limits, team);
    (Presented { id, digest }, items)
}

/// A team that nobody has used yet.
pub(crate) fn new_team(limits: &LimitSet) -> (TeamId, Vec<Item>) {
    let id = TeamId::parse(&format!("team-{:016x}", random())).unwrap();
    (id.clone(), items(&Account::team(id), "", limits, None))
}

fn items(first: &Account, hash: &str, limits: &LimitSet, team: Option<&TeamId>) -> Vec<Item> {
    let shape = limits.shape(1, team.cloned());
    let item = |shard| Item {
        account: first.with_shard(shard),
        hash: hash.to_owned(),
        state: State::Active,
        policy: Policy {
            name: "tester".to_owned(),
            models: vec!["*".to_owned()],
            rights: vec![],
            created_ms: 0,
            time_zone: limits.zone.to_string(),
        },
        ledger: Ledger::new(shape.clone(), limits.share(shard)),
    };
    (0..limits.shards).map(item).collect()
}

fn random() -> u64 {
    let mut random = [0; 8];
    SystemRandom::new().fill(&mut random).unwrap();
    u64::from_le_bytes(random)
}

/// A key in a store.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) presented: Presented,
}

impl Key {
    pub(crate) async fn admit(&self, now_ms: u64, demand: &Demand) -> Result<Admission, Denial> {
        self.store.admit(&self.presented, demand, now_ms).await
    }

    /// A hold that must be granted.
    pub(crate) async fn take(&self, now_ms: u64, demand: &Demand) -> Hold {
        self.admit(now_ms, demand).await.expect("an admission").hold
    }

    /// Why a request is refused, which it must be.
    pub(crate) async fn denial(&self, now_ms: u64, demand: &Demand) -> Denial {
        match self.admit(now_ms, demand).await {
            Err(denial) => denial,
            Ok(admission) => panic!("admitted: {}", figures(admission.hold.lines())),
        }
    }

    /// What is left of every limit in the windows at that time.
    pub(crate) async fn left(&self, now_ms: u64) -> Vec<i64> {
        let standing = self.store.inspect(&self.presented, now_ms).await.expect("a standing");
        standing.lines.iter().map(|line| line.left).collect()
    }

    /// How every limit stands at that time.
    pub(crate) async fn balance(&self, now_ms: u64) -> String {
        let standing = self.store.inspect(&self.presented, now_ms).await.expect("a standing");
        balance(&standing.lines)
    }

    /// Ends a hold, and writes that.
    pub(crate) async fn settle(&self, hold: Hold, evidence: &Evidence, now_ms: u64) -> Settlement {
        let settlement = hold.settle(evidence, now_ms);
        self.store.settle(&settlement).await.expect("a settlement");
        settlement
    }
}

/// A table in DynamoDB.
pub(crate) struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
    pub(crate) store: Arc<DynamoStore>,
}

impl Table {
    /// A new table of its own; nothing where there is no DynamoDB.
    pub(crate) async fn of_its_own() -> Option<Self> {
        Some(Self::create(&endpoint()?).await)
    }

    async fn create(endpoint: &str) -> Self {
        let table = Self::at(endpoint, &format!("contract-{:016x}", random()));
        create_table(&table.client, &table.name).await;
        table
    }

    /// A table of that name, whether there is one or not.
    pub(crate) fn at(endpoint: &str, name: &str) -> Self {
        let http = Http::new().unwrap().any;
        let credentials = Credentials::from_keys("AKIATEST", "secret", None);
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(credentials.clone())
            .http_client(SharedHttp(http))
            .endpoint_url(endpoint);
        let store = store_at(endpoint, name, SharedCredentialsProvider::new(credentials));
        let client = Client::from_conf(config.build());
        Self { client, name: name.to_owned(), store: Arc::new(store) }
    }

    pub(crate) async fn put(&self, row: Row) {
        let put = self.client.put_item().table_name(&self.name).set_item(Some(row));
        put.send().await.unwrap();
    }

    pub(crate) async fn get(&self, pk: &str, sk: &str) -> Option<Row> {
        let get = self.client.get_item().table_name(&self.name).consistent_read(true);
        get.key("pk", text(pk)).key("sk", text(sk)).send().await.unwrap().item
    }
}

/// Makes a table as `tollgatectl init` does, as far as tests need it.
pub(crate) async fn create_table(client: &Client, name: &str) {
    let (attribute, key) = (AttributeDefinition::builder(), KeySchemaElement::builder());
    let text_attribute = |name| {
        let kind = ScalarAttributeType::S;
        attribute.clone().attribute_name(name).attribute_type(kind).build().unwrap()
    };
    let part = |name, kind| key.clone().attribute_name(name).key_type(kind).build().unwrap();
    let create = client.create_table().table_name(name);
    let create = create
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(text_attribute("pk"))
        .attribute_definitions(text_attribute("sk"))
        .key_schema(part("pk", KeyType::Hash))
        .key_schema(part("sk", KeyType::Range));
    create.send().await.unwrap();
}

/// The store under test.
pub(crate) fn store_at(
    endpoint: &str,
    table: &str,
    credentials: SharedCredentialsProvider,
) -> DynamoStore {
    let settings = DynamoSettings {
        table: table.to_owned(),
        region: "us-east-1".to_owned(),
        endpoint: Some(endpoint.to_owned()),
    };
    DynamoStore::new(&settings, Http::new().unwrap().any, credentials)
}

/// Where DynamoDB is, if there is one; says so once when there is none.
pub(crate) fn endpoint() -> Option<String> {
    static SAID: Once = Once::new();
    let endpoint = tollgate::settings::variable("TOLLGATE_TEST_DYNAMODB");
    if endpoint.is_none() {
        SAID.call_once(|| {
            let what = "the contract of the store in DynamoDB";
            let why = "TOLLGATE_TEST_DYNAMODB is not set";
            let _ = writeln!(std::io::stderr(), "skipped: {what} ({why})");
        });
    }
    endpoint
}
