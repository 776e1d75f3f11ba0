//! `usage`: sums of rollups, for people, programs and spreadsheets.

use serde_json::json;
use tollgate::keys::{Presented, TeamId};
use tollgate::store::{Store, UsageRow};

use super::tool::{Said, Table};

/// 2026-11-20.
const DAY: u64 = 20_777;

fn row(key: &Presented, day: u64, alias: &str, tokens: u64, nano_usd: u64) -> UsageRow {
    UsageRow {
        key: key.id.clone(),
        team: (day == DAY).then(|| TeamId::parse("red").unwrap()),
        shard: u16::try_from(tokens % 2).unwrap(),
        day,
        alias: alias.to_owned(),
        requests: 1,
        tokens_in: tokens,
        tokens_cached: 1,
        tokens_out: 2,
        nano_usd,
        kept_tokens: 0,
        kept_nano_usd: nano_usd / 10,
        bound_violations: u64::from(tokens == 30),
    }
}

/// Two keys, three days, two aliases.
async fn used(test: &str) -> Option<(Table, String)> {
    let table = Table::created(test)?;
    let (id, a) = table.key(&[]);
    let (_, b) = table.key(&["--shards", "2"]);
    table.json(&["key", "update", &id, "--name", "it's, \"mine\""], "");
    let store = table.as_store();
    for row in [
        row(&a, DAY, "gpt-5", 10, 500_000_000),
        row(&a, DAY, "gpt-5", 11, 500_000_000),
        row(&a, DAY + 2, "other", 20, 0),
        row(&b, DAY, "gpt-5-mini", 30, 250_000_000),
        row(&b, DAY - 1, "gpt-5", 1, 0),
        row(&b, DAY + 3, "gpt-5", 1, 0),
    ] {
        store.count(&row).await.unwrap();
    }
    Some((table, id))
}

const DAYS: [&str; 5] = ["usage", "--from", "2026-11-20", "--to", "2026-11-22"];

#[tokio::test]
async fn usage_is_added_up_by_what_was_asked_for() {
    let Some((table, id)) = used("usage").await else { return };
    let sums = |options: &[&str], name: &str| {
        let said = table.json(&[&DAYS[..], options].concat(), "");
        let rows = said["rows"].as_array().unwrap().iter();
        rows.map(|row| json!([row[name], row["requests"], row["tokens_in"], row["nano_usd"]]))
            .collect::<Vec<_>>()
    };
    let by_day = vec![
        json!(["2026-11-20", 3, 51, 1_250_000_000]),
        json!(["2026-11-21", 0, 0, 0]),
        json!(["2026-11-22", 1, 20, 0]),
    ];
    assert_eq!(sums(&[], "day"), by_day);
    let by_key = [json!([id, 3, 41, 1_000_000_000]), json!(["tester", 1, 30, 250_000_000])];
    assert_eq!(sums(&["--by", "key"], "key")[0], by_key[0]);
    assert_eq!(sums(&["--by", "key"], "name")[1], by_key[1]);
    let by_team = vec![json!(["red", 3, 51, 1_250_000_000]), json!([null, 1, 20, 0])];
    assert_eq!(sums(&["--by", "team"], "team"), by_team);
    let gpt = vec![json!(["gpt-5", 2, 21, 1_000_000_000])];
    assert_eq!(sums(&["--by", "alias", "--alias", "gpt-5*", "--key", &id], "alias"), gpt);
    assert_eq!(sums(&["--by", "alias", "--team", "blue"], "alias").len(), 0);
    let total = table.json(&DAYS, "")["total"].clone();
    assert_eq!(
        (&total["kept_nano_usd"], &total["bound_violations"]),
        (&json!(125_000_000), &json!(1))
    );
}

#[tokio::test]
async fn usage_is_a_table_with_a_chart_or_a_file() {
    let Some((table, id)) = used("usage-text").await else { return };
    let said = table.run(&DAYS, "");
    let expected = format!(
        "DAY         REQUESTS  TOKENS IN  CACHED  OUT   USD  KEPT TOKENS  KEPT USD  BY MONEY\n\
         2026-11-20         3         51       3    6  1.25            0     0.125  {}\n\
         2026-11-21         0          0       0    0     0            0         0\n\
         2026-11-22         1         20       1    2     0            0         0\n\
         total              4         71       4    8  1.25            0     0.125\n",
        "#".repeat(24)
    );
    let notes =
        "note: 1 request cost more than the bound: the log names them ('bound_violation')\n";
    let notes = format!("2026-11-20 to 2026-11-22, days in UTC\n{notes}");
    assert_eq!(said, Said { code: 0, out: expected, err: notes });

    let said = table.run(&[&DAYS[..], &["--by", "key", "--csv", "--key", &id]].concat(), "");
    let expected = format!(
        "key,name,requests,tokens_in,tokens_cached,tokens_out,nano_usd,kept_tokens,kept_nano_usd,\
         bound_violations\r\n{id},\"it's, \"\"mine\"\"\",3,41,3,6,1000000000,0,100000000,0\r\n"
    );
    assert_eq!((said.code, said.out), (0, expected));
    let nothing = table.run(&["usage", "--from", "2020-01-01", "--to", "2020-01-02"], "");
    assert_eq!(nothing.out, "nothing was used\n");
    table.fails(&["usage", "--from", "2026-11-22", "--to", "2026-11-20"], "is after --to");
}
