//! What a million requests cost in Lambda and DynamoDB, by list prices and by what was measured.

use crate::bed::{Bed, Setup, Subject, ms, settled};
use crate::report::{Row, Sample};

use super::trips;

/// us-east-1, arm64, on demand, in USD.
const GB_SECOND: f64 = 0.000_013_333_4;
const MILLION_INVOCATIONS: f64 = 0.20;
const MILLION_WRITE_UNITS: f64 = 0.625;

const MEMORY_MB: u32 = 128;
/// How long the provider streams.
const STREAM_S: f64 = 8.0;

pub(crate) async fn measure(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let setup = Setup::of(Subject::Table(bed.store.url.clone()), "events-1600-5");
    let function = bed.function(&setup).await?;
    let group = bed.cgroups.hold(function.process.id(), MEMORY_MB)?;
    let (mut billed, mut cpu) = (Sample::default(), Sample::default());
    for _ in 0..3 {
        let before = function.process.cpu()?;
        billed.0.push(function.api.reply(&function.event).await.wall().as_secs_f64());
        function.api.idle().await;
        settled().await;
        cpu.0.push(ms(function.process.cpu()? - before));
    }
    drop(function);
    drop(group);
    // Every item that is written is smaller than a unit's kilobyte.
    let writes = trips::of_one_stream(bed).await?.writes() as f64;
    let gb_seconds = billed.median() * f64::from(MEMORY_MB) / 1024.0;
    let duration = gb_seconds * GB_SECOND * 1e6;
    let sum = duration + MILLION_INVOCATIONS + writes * MILLION_WRITE_UNITS;
    let formula = format!(
        "{:.3} s × {MEMORY_MB}/1024 GB × ${GB_SECOND}/GB-s × 10⁶ = ${duration:.2}; + \
         ${MILLION_INVOCATIONS:.2} for the invocations; + {writes} write units × \
         ${MILLION_WRITE_UNITS} (us-east-1, arm64; the Function URL's transfer and starts are not in it)",
        billed.median()
    );
    Ok(vec![
        Row::new("stream of 8 s and 1,600 events at the CPU of 128 MB: beyond 8 s", "ms")
            .wall(billed.map(|s| (s - STREAM_S) * 1e3))
            .note(format!("with {:.0} ms of CPU ({})", cpu.median(), bed.cgroups.words())),
        Row::new("a million of them, one key with a hard limit", "USD")
            .wall(Sample(vec![sum]))
            .note(formula),
    ])
}
