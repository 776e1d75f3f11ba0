//! Streams: the first token, and what each event costs.

use crate::bed::{Bed, Cost, Function, Setup, Subject, in_turns, us};
use crate::report::{Row, Sample};
use crate::store::Relay;

const FIRST_TOKENS: usize = 120;

pub(crate) async fn measure(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let mut rows = first_token(bed).await?;
    rows.extend(together(bed).await?);
    rows.extend(apart(bed).await?);
    Ok(rows)
}

async fn first_token(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let relay = Relay::before(&bed.store, None).await?;
    let kind = "events-10-5";
    let floor = bed.function(&Setup::of(Subject::Floor, kind)).await?;
    let embedded = bed.function(&Setup::of(Subject::Embedded, kind)).await?;
    let table = bed.function(&Setup::of(Subject::Table(relay.url()), kind)).await?;
    let mut samples = [const { Sample(vec![]) }; 3];
    for run in 0..FIRST_TOKENS + 20 {
        for (function, sample) in [&floor, &embedded, &table].into_iter().zip(&mut samples) {
            function.api.idle().await;
            let _ = relay.take();
            let reply = function.api.reply(&function.event).await;
            let provider = bed.provider.last().map_or(0.0, |times| us(times.began - times.asked));
            let store = relay.take().first().map_or(0.0, |trip| us(trip.time()));
            // The first ones open connections.
            if run >= 20 {
                sample.0.push((us(reply.first - reply.taken) - provider - store) / 1e3);
            }
        }
    }
    let [floor, embedded, table] = samples;
    let name = "first token beyond the provider's";
    let floor = floor.median();
    Ok(vec![
        Row::new(format!("{name}, embedded store"), "ms").wall(embedded).floor(floor).at_most(0.3),
        Row::new(format!("{name} and the store's write, DynamoDB"), "ms")
            .wall(table)
            .floor(floor)
            .at_most(0.3),
    ])
}

/// Functions on streams of different lengths.
async fn functions<const N: usize>(
    bed: &Bed,
    subject: Subject,
    kinds: [&'static str; N],
) -> anyhow::Result<Vec<Function>> {
    let mut functions = Vec::new();
    for kind in kinds {
        functions.push(bed.function(&Setup::of(subject.clone(), kind)).await?);
    }
    Ok(functions)
}

/// The CPU of an event: of what the longer stream has more.
fn each(long: &Cost, short: &Cost, more: f64) -> Sample {
    long.cpu.map(|us| (us - short.cpu.median()) / more)
}

async fn together(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let kinds = ["events-100-0", "events-1000-0", "events-10000-0"];
    let floor = functions(bed, Subject::Floor, kinds).await?;
    let tollgate = functions(bed, Subject::Embedded, kinds).await?;
    let all = [&floor[0], &floor[1], &floor[2], &tollgate[0], &tollgate[1], &tollgate[2]];
    let [f100, f1k, f10k, t100, t1k, t10k] = in_turns(all, 15, 5, 1).await?;
    let short = each(&t1k, &t100, 900.0);
    let long = each(&t10k, &t1k, 9_000.0);
    let growth = long.map(|us| us / short.median());
    Ok(vec![
        Row::new("streamed event, all together", "µs")
            .cpu(short)
            .floor(each(&f1k, &f100, 900.0).median())
            .at_most(6.0),
        Row::new("streamed event, all together, of 10,000", "µs")
            .cpu(long)
            .floor(each(&f10k, &f1k, 9_000.0).median()),
        Row::new("growth of an event's CPU from 1,000 to 10,000", "×").wall(growth).at_most(1.15),
    ])
}

async fn apart(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let kinds = ["events-10-5", "events-200-5"];
    let floor = functions(bed, Subject::Floor, kinds).await?;
    let tollgate = functions(bed, Subject::Embedded, kinds).await?;
    let all = [&floor[0], &floor[1], &tollgate[0], &tollgate[1]];
    let [f10, f200, t10, t200] = in_turns(all, 12, 1, 1).await?;
    Ok(vec![
        Row::new("streamed event, 5 ms apart", "µs")
            .cpu(each(&t200, &t10, 190.0))
            .floor(each(&f200, &f10, 190.0).median())
            .at_most(30.0),
    ])
}
