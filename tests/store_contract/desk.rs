//! A store to try the contract on, and keys to try it with.

use std::collections::BTreeMap;
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
use tollgate::keys::{Presented, RANDOM_BYTES, mint, parse};
use tollgate::quota::{Bound, Demand, Evidence, Hold, LIMITS, Settlement, UNLIMITED, charges};
use tollgate::store::dynamo::layout::{Row, text, to_row};
use tollgate::store::dynamo::{DynamoSettings, DynamoStore, SharedHttp};
use tollgate::store::{Admission, Denial, KeyItem, KeyState, MemoryStore, Store};
use tollgate::upstream::http::Http;

/// 2026-11-22, noon.
pub(super) const NOON: u64 = 1_795_348_800_000;
pub(super) const MINUTE: u64 = 60_000;
pub(super) const DAY: u64 = 86_400_000;

const U: u64 = UNLIMITED;

/// One of the two stores.
pub(super) enum Desk {
    Memory,
    Dynamo(Table),
}

impl Desk {
    pub(super) fn in_memory() -> Self {
        Self::Memory
    }

    /// The table that all tests of this run share; nothing where there is no DynamoDB.
    pub(super) async fn in_dynamodb() -> Option<Self> {
        static SHARED: OnceCell<String> = OnceCell::const_new();
        let endpoint = endpoint()?;
        let name = SHARED.get_or_init(|| async { Table::create(&endpoint).await.name }).await;
        Some(Self::Dynamo(Table::at(&endpoint, name)))
    }

    /// An active key with limits in requests a minute, tokens a day and nano-USD a month.
    pub(super) async fn key(&self, rpm: u64, tpd: u64, usdmo: u64) -> Key {
        self.key_like(|item| item.limits = vec![rpm, tpd, usdmo]).await
    }

    /// A key that differs from an unlimited one.
    pub(super) async fn key_like(&self, change: impl FnOnce(&mut KeyItem)) -> Key {
        let (presented, mut item) = new_key();
        change(&mut item);
        let store: Arc<dyn Store> = match self {
            Self::Memory => Arc::new(MemoryStore::new(Value::Null, [item])),
            Self::Dynamo(table) => {
                table.put(to_row(&item)).await;
                table.store.clone()
            }
        };
        Key { store, presented }
    }
}

/// What is said of a key that nobody has used yet.
fn new_key() -> (Presented, KeyItem) {
    let mut random = [0; RANDOM_BYTES];
    SystemRandom::new().fill(&mut random).unwrap();
    let (_, secret) = mint(&random).unwrap();
    let (id, digest) = parse(secret.reveal()).unwrap();
    let item = KeyItem {
        id: id.clone(),
        hash: digest.to_hex(),
        state: KeyState::Active,
        name: "tester".to_owned(),
        models: vec!["*".to_owned()],
        created_ms: 0,
        limits: vec![U; LIMITS.len()],
        counters: BTreeMap::new(),
    };
    (Presented { id, digest }, item)
}

/// A key in a store.
pub(super) struct Key {
    pub(super) store: Arc<dyn Store>,
    pub(super) presented: Presented,
}

/// What a request takes.
pub(super) fn takes(requests: u64, tokens: u64, nano_usd: u64) -> Demand {
    let (tokens, nano_usd) = (Bound::AtMost(tokens), Bound::AtMost(nano_usd));
    Demand { requests, tokens, nano_usd }
}

impl Key {
    pub(super) async fn admit(&self, now_ms: u64, demand: &Demand) -> Result<Admission, Denial> {
        self.store.admit(&self.presented, &charges(demand, now_ms), now_ms).await
    }

    /// A hold that must be granted.
    pub(super) async fn take(&self, now_ms: u64, demand: &Demand) -> Hold {
        self.admit(now_ms, demand).await.expect("an admission").hold
    }

    /// Why a request is refused, which it must be.
    pub(super) async fn denial(&self, now_ms: u64, demand: &Demand) -> Denial {
        match self.admit(now_ms, demand).await {
            Err(denial) => denial,
            Ok(admission) => panic!("admitted: {}", figures(&admission.hold)),
        }
    }

    /// What is left of every limit of the windows at that time.
    pub(super) async fn left(&self, now_ms: u64) -> Vec<i64> {
        let hold = self.take(now_ms, &Demand::nothing()).await;
        hold.lines().iter().filter(|line| line.is_limited()).map(|line| line.left).collect()
    }

    /// Ends a hold, and writes that.
    pub(super) async fn settle(&self, hold: Hold, evidence: &Evidence, now_ms: u64) -> Settlement {
        let settlement = hold.settle(evidence, now_ms);
        self.store.settle(&settlement).await.expect("a settlement");
        settlement
    }
}

/// The limits of a hold in words: `rpm 9/10 (1), tokens_per_day 60/100 (40)`.
pub(super) fn figures(hold: &Hold) -> String {
    let limited = hold.lines().iter().filter(|line| line.is_limited());
    let words = limited
        .map(|line| format!("{} {}/{} ({})", line.limit.name, line.left, line.of, line.held));
    words.collect::<Vec<_>>().join(", ")
}

/// A table in DynamoDB.
pub(super) struct Table {
    pub(super) client: Client,
    pub(super) name: String,
    pub(super) store: Arc<DynamoStore>,
}

impl Table {
    /// A new table of its own; nothing where there is no DynamoDB.
    pub(super) async fn of_its_own() -> Option<Self> {
        Some(Self::create(&endpoint()?).await)
    }

    async fn create(endpoint: &str) -> Self {
        let mut random = [0; 8];
        SystemRandom::new().fill(&mut random).unwrap();
        let table = Self::at(endpoint, &format!("contract-{:016x}", u64::from_le_bytes(random)));
        let (attribute, key) = (AttributeDefinition::builder(), KeySchemaElement::builder());
        let text_attribute = |name| {
            let kind = ScalarAttributeType::S;
            attribute.clone().attribute_name(name).attribute_type(kind).build().unwrap()
        };
        let part = |name, kind| key.clone().attribute_name(name).key_type(kind).build().unwrap();
        let create = table.client.create_table().table_name(&table.name);
        let create = create
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(text_attribute("pk"))
            .attribute_definitions(text_attribute("sk"))
            .key_schema(part("pk", KeyType::Hash))
            .key_schema(part("sk", KeyType::Range));
        create.send().await.unwrap();
        table
    }

    /// A table of that name, whether there is one or not.
    pub(super) fn at(endpoint: &str, name: &str) -> Self {
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

    pub(super) async fn put(&self, row: Row) {
        let put = self.client.put_item().table_name(&self.name).set_item(Some(row));
        put.send().await.unwrap();
    }

    pub(super) async fn get(&self, pk: &str, sk: &str) -> Option<Row> {
        let get = self.client.get_item().table_name(&self.name).consistent_read(true);
        get.key("pk", text(pk)).key("sk", text(sk)).send().await.unwrap().item
    }
}

/// The store under test.
pub(super) fn store_at(
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
pub(super) fn endpoint() -> Option<String> {
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
