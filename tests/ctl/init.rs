//! The table, made and checked.

use tollgate::upstream::http::Http;

use super::tool::Table;

#[test]
fn init_creates_once_and_checks_after_that() {
    let Some(table) = Table::named("init") else { return };
    table.fails(&["config", "show"], &format!("'tollgatectl --table {} init'", table.name));
    table.fails(&["key", "create", "--name", "a"], "there is no table");
    assert_eq!(table.json(&["init"], "")["created"], true);
    let again = table.run(&["init"], "");
    assert_eq!((again.code, again.err.as_str()), (0, ""));
    assert_eq!(
        again.out,
        format!(
            "table {} in {}: is there\n\
             SETTING                 FOUND      STATE\n\
             billing                 on demand  ok\n\
             expiry of rows          on         ok\n\
             point-in-time recovery  -          skipped: this DynamoDB does not know it\n\
             deletion protection     on         ok\n",
            table.name, table.endpoint
        )
    );
}

#[test]
fn init_beside_an_older_table_says_what_differs() {
    let Some(table) = Table::named("older") else { return };
    create_by_hand(&table, "pk", "sk");
    let said = table.run(&["init"], "");
    assert_eq!(said.code, 0);
    assert!(
        said.out.contains("off          differs: the table can be deleted by a slip"),
        "{said:?}"
    );
    assert!(said.err.contains("'tollgatectl init --repair'"), "{said:?}");
    assert_eq!(table.json(&["init"], "")["differs"], 3);
    let said = table.run(&["init", "--repair"], "");
    assert!(said.out.contains("expiry of rows          on           switched on"), "{said:?}");
    // Billing is a choice and stays.
    assert_eq!(table.json(&["init"], "")["differs"], 1);

    let Some(foreign) = Table::named("foreign") else { return };
    create_by_hand(&foreign, "id", "at");
    foreign
        .fails(&["init"], "has partition key id (S), sort key at (S); expected partition key pk");
}

/// A provisioned table with those keys and nothing else.
fn create_by_hand(table: &Table, partition: &str, sort: &str) {
    use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
    use aws_sdk_dynamodb::types::{
        AttributeDefinition, KeySchemaElement, KeyType, ProvisionedThroughput, ScalarAttributeType,
    };
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::for_tests())
        .http_client(tollgate::store::dynamo::SharedHttp(Http::new().unwrap().any))
        .endpoint_url(&table.endpoint)
        .build();
    let client = aws_sdk_dynamodb::Client::from_conf(config);
    let throughput =
        ProvisionedThroughput::builder().read_capacity_units(1).write_capacity_units(1);
    let mut request = client
        .create_table()
        .table_name(&table.name)
        .provisioned_throughput(throughput.build().unwrap());
    for (name, role) in [(partition, KeyType::Hash), (sort, KeyType::Range)] {
        let attribute = AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S);
        let key = KeySchemaElement::builder().attribute_name(name).key_type(role);
        request = request
            .attribute_definitions(attribute.build().unwrap())
            .key_schema(key.build().unwrap());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(request.send()).unwrap();
}
