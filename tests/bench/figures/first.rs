//! The first request after a start, at the CPU share of a small function: TLS to the provider and to
//! the store. Before its first poll a function has a whole core, as at its start in Lambda.

use crate::bed::{Bed, Setup, Subject, ms, settled};
use crate::report::{Row, Sample};
use crate::store::{Relay, Trip};

const RUNS: usize = 12;

pub(crate) async fn measure(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let relay = Relay::before(&bed.store, Some(bed.tls.acceptor.clone())).await?;
    let mut rows = Vec::new();
    // The last has a whole core.
    for memory_mb in [128, 256, 512, 1769] {
        let name = format!("first request, TLS, CPU of {memory_mb} MB");
        let (mut floors, mut tollgates) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            floors.push(once(bed, &relay, Subject::Floor, memory_mb).await?);
            tollgates.push(once(bed, &relay, Subject::Table(relay.url()), memory_mb).await?);
        }
        let sample = |runs: &[Once], of: fn(&Once) -> f64| runs.iter().map(of).collect::<Sample>();
        let (floor, walls) =
            (sample(&floors, |run| run.added_ms), sample(&tollgates, |run| run.added_ms));
        let cpus = sample(&tollgates, |run| run.cpu_ms);
        let is_held = tollgates.iter().all(|run| run.is_held);
        let row = Row::new(name, "ms").wall(walls).floor(floor.median());
        let row = row.note(format!("of which CPU {:.1} ms (median)", cpus.median()));
        rows.push(match memory_mb {
            _ if !is_held => row.note(bed.cgroups.words()),
            128 => row.at_most(80.0),
            _ => row,
        });
    }
    Ok(rows)
}

struct Once {
    /// What the function added to its provider's time and its store's.
    added_ms: f64,
    cpu_ms: f64,
    is_held: bool,
}

async fn once(bed: &Bed, relay: &Relay, subject: Subject, memory_mb: u32) -> anyhow::Result<Once> {
    let setup = Setup { with_tls: true, ..Setup::of(subject, "plain") };
    let function = bed.function(&setup).await?;
    settled().await;
    let process = &function.process;
    let group = bed.cgroups.hold(process.id(), memory_mb)?;
    let _ = relay.take();
    let cpu = process.cpu()?;
    let reply = function.api.reply(&function.event).await;
    reply.is_good()?;
    settled().await;
    let cpu = process.cpu()? - cpu;
    let provider = bed.provider.last().map_or(0.0, |times| ms(times.ended - times.asked));
    let store = ms(waited(&relay.take()));
    let is_held = group.is_some();
    drop(function);
    drop(group);
    Ok(Once { added_ms: ms(reply.wall()) - provider - store, cpu_ms: ms(cpu), is_held })
}

/// The time in which at least one call was under way.
fn waited(trips: &[Trip]) -> std::time::Duration {
    let mut trips = trips.to_vec();
    trips.sort_by_key(|trip| trip.asked);
    let mut until = None;
    let mut sum = std::time::Duration::ZERO;
    for trip in trips {
        let from = until.map_or(trip.asked, |until| trip.asked.max(until));
        sum += trip.answered.saturating_duration_since(from);
        until = until.max(Some(trip.answered));
    }
    sum
}
