//! The most memory that a function ever has, and what a hostile body can make of it.

use bytes::Bytes;

use crate::bed::{Bed, Setup, Subject, ms, settled};
use crate::report::{Row, Sample};
use crate::{bodies, function_url};

const RUNS: usize = 3;
const KB_PER_MB: f64 = 1024.0;

pub(crate) async fn measure(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let table = Subject::Table(bed.store.url.clone());
    let cases: [(&str, &'static str, usize, usize, f64); 4] = [
        ("idle", "plain", 0, 0, 12.0),
        ("100 requests of 1 KB", "plain", 1 << 10, 100, 14.0),
        ("a body of 5 MB", "plain", 5 << 20, 1, 40.0),
        ("a stream of 10,000 tokens", "events-10000-0", 1 << 10, 1, 16.0),
    ];
    let mut rows = Vec::new();
    for (what, kind, bytes, requests, most) in cases {
        let mut peaks = [Sample::default(), Sample::default()];
        for _ in 0..RUNS {
            for (subject, peaks) in [Subject::Floor, table.clone()].into_iter().zip(&mut peaks) {
                let setup = Setup::of(subject, kind);
                let event = bed.event(&setup, bytes);
                peaks.0.push(peak(bed, &setup, &event, requests).await?);
            }
        }
        let [floor, tollgate] = peaks;
        let row = Row::new(format!("memory at peak: {what}"), "MB").wall(tollgate);
        rows.push(row.floor(floor.median()).at_most(most));
    }
    rows.extend(hostile(bed).await?);
    Ok(rows)
}

async fn peak(bed: &Bed, setup: &Setup, event: &Bytes, requests: usize) -> anyhow::Result<f64> {
    let function = bed.function(setup).await?;
    for _ in 0..requests {
        let reply = function.api.reply(event).await;
        reply.is_good()?;
    }
    settled().await;
    Ok(function.process.peak_kb()? / KB_PER_MB)
}

/// Each hostile body meets a function of its own, so that the memory is its alone.
async fn hostile(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let setup = Setup::of(Subject::Embedded, "plain");
    let (mut memory, mut cpu, mut notes) = (Sample::default(), Sample::default(), Vec::new());
    for (name, body) in bodies::hostile() {
        let event = function_url::event(bed.secret(&setup.subject), &body);
        let function = bed.function(&setup).await?;
        function.api.reply(&function.event).await;
        settled().await;
        let before = function.process.cpu()?;
        let reply = function.api.reply(&event).await;
        settled().await;
        let (mb, ms) =
            (function.process.peak_kb()? / KB_PER_MB, ms(function.process.cpu()? - before));
        notes.push(format!("{name} {mb:.0} MB {ms:.0} ms ({})", reply.status));
        memory.0.push(mb);
        cpu.0.push(ms);
    }
    let worst = |sample: &Sample| Sample(vec![sample.0.iter().copied().fold(0.0, f64::max)]);
    let name = "hostile body of 5.9 MB, the worst of 9";
    Ok(vec![
        Row::new(format!("{name}: memory at peak"), "MB")
            .wall(worst(&memory))
            .at_most(40.0)
            .note(notes.join(", ")),
        Row::new(format!("{name}: CPU"), "ms").cpu(worst(&cpu)).at_most(100.0),
    ])
}
