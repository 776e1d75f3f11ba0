//! A request of 1 KB that a warm function forwards.

use crate::bed::{Bed, Cost, Setup, Subject, in_turns};
use crate::report::Row;

pub(crate) async fn one_at_a_time(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    rows(bed, "warm request of 1 KB, one at a time", None, 1, [20, 50]).await
}

/// As an environment that serves many at once does.
pub(crate) async fn many_at_once(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let mut rows = rows(bed, "warm request of 1 KB, 64 at once", Some(64), 64, [10, 1000]).await?;
    let [floor, tollgate] = [
        &bed.function(&many(Subject::Floor, "events-200-5")).await?,
        &bed.function(&many(Subject::Embedded, "events-200-5")).await?,
    ];
    let [floor, tollgate] = in_turns([floor, tollgate], 3, 64, 64).await?;
    let a_stream = |cost: &Cost| cost.cpu.map(|us| us / 200.0);
    rows.push(
        Row::new("streamed event, 64 streams at once, 5 ms apart", "µs")
            .cpu(a_stream(&tollgate))
            .floor(a_stream(&floor).median()),
    );
    Ok(rows)
}

fn many(subject: Subject, kind: &'static str) -> Setup {
    Setup { concurrency: Some(64), ..Setup::of(subject, kind) }
}

async fn rows(
    bed: &Bed,
    name: &str,
    concurrency: Option<usize>,
    at_once: usize,
    [batches, requests]: [usize; 2],
) -> anyhow::Result<Vec<Row>> {
    let setup = |subject| Setup { concurrency, ..Setup::of(subject, "plain") };
    let [floor, embedded] = [
        &bed.function(&setup(Subject::Floor)).await?,
        &bed.function(&setup(Subject::Embedded)).await?,
    ];
    let table = &bed.function(&setup(Subject::Table(bed.store.url.clone()))).await?;
    let [floor, embedded] = in_turns([floor, embedded], batches, requests, at_once).await?;
    // The store is the slowest by far: fewer requests say as much about the function's CPU.
    let [table] = in_turns([table], batches, requests.min(200), at_once).await?;
    let row = |what: &str, cost: &Cost| {
        Row::new(format!("{name}, {what}"), "µs").wall(cost.wall.clone()).cpu(cost.cpu.clone())
    };
    let extra = table.cpu.map(|us| us - embedded.cpu.median());
    let mut rows = vec![
        row("floor", &floor),
        row("embedded store", &embedded).floor(floor.cpu.median()).times_floor(2.0),
        row("DynamoDB", &table).floor(floor.cpu.median()),
        Row::new(format!("{name}: DynamoDB beyond embedded"), "µs").cpu(extra).at_most(250.0),
    ];
    if at_once > 1 {
        let rate = Row::new(format!("{name}, embedded store: rate"), "req/s");
        rows.push(rate.wall(embedded.rate).floor(floor.rate.median()));
    }
    Ok(rows)
}
