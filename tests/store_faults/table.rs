//! A table in DynamoDB with a document and the tests' key.

use std::net::SocketAddr;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::Value;
use tollgate::config::Config;
use tollgate::store::MemoryStore;
use tollgate::store::dynamo::layout::{ACTIVE, CONFIG, Row, number, text, to_row};
use tollgate::store::dynamo::{DynamoSettings, DynamoStore, SharedHttp};
use tollgate::upstream::http::Http;

use crate::store_contract::desk::create_table;

const REGION: &str = "us-east-1";

pub(super) struct Table {
    client: Client,
    name: String,
    endpoint: String,
}

impl Table {
    /// A new table with these rows.
    pub(super) async fn create(endpoint: &str, document: &Value, config: &Config) -> Self {
        let mut random = [0; 8];
        SystemRandom::new().fill(&mut random).unwrap();
        let name = format!("faults-{:016x}", u64::from_le_bytes(random));
        let settings = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(credentials())
            .http_client(SharedHttp(Http::new().unwrap().any))
            .endpoint_url(endpoint);
        let client = Client::from_conf(settings.build());
        let table = Self { client, name, endpoint: endpoint.to_owned() };
        table.make().await;
        table
            .put(Row::from([
                ("pk".to_owned(), text(CONFIG)),
                ("sk".to_owned(), text(ACTIVE)),
                ("document".to_owned(), text(document.to_string())),
                ("version".to_owned(), number(1)),
            ]))
            .await;
        let keys = config.keys.iter().map(MemoryStore::item_of);
        for item in keys.chain(config.teams.iter().map(MemoryStore::item_of_team)) {
            table.put(to_row(&item)).await;
        }
        table
    }

    async fn make(&self) {
        create_table(&self.client, &self.name).await;
    }

    async fn put(&self, row: Row) {
        let put = self.client.put_item().table_name(&self.name).set_item(Some(row));
        put.send().await.unwrap();
    }

    pub(super) async fn vanish(&self) {
        self.client.delete_table().table_name(&self.name).send().await.unwrap();
    }

    /// The store on this table, straight.
    pub(super) fn store(&self) -> DynamoStore {
        self.store_by(&self.endpoint)
    }

    /// The store on this table, by way of a proxy.
    pub(super) fn store_through(&self, proxy: SocketAddr) -> DynamoStore {
        self.store_by(&format!("http://{proxy}"))
    }

    fn store_by(&self, endpoint: &str) -> DynamoStore {
        let settings = DynamoSettings {
            table: self.name.clone(),
            region: REGION.to_owned(),
            endpoint: Some(endpoint.to_owned()),
        };
        let credentials = SharedCredentialsProvider::new(credentials());
        DynamoStore::new(&settings, Http::new().unwrap().any, credentials)
    }
}

fn credentials() -> Credentials {
    Credentials::from_keys("AKIATEST", "secret", None)
}
