//! From the start of the process to its first poll of the Runtime API.

use crate::bed::{Bed, Setup, Subject, ms, settled};
use crate::report::{Row, Sample};
use crate::store::Relay;

const RUNS: usize = 30;

pub(crate) async fn measure(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let relay = Relay::before(&bed.store, Some(bed.tls.acceptor.clone())).await?;
    let with_tls = |setup| Setup { with_tls: true, ..setup };
    let setups = [
        Setup::of(Subject::Floor, "plain"),
        Setup::of(Subject::Embedded, "plain"),
        Setup::of(Subject::Table(bed.store.url.clone()), "plain"),
        with_tls(Setup::of(Subject::Table(relay.url()), "plain")),
    ];
    let mut samples = vec![(Sample::default(), Sample::default()); setups.len()];
    for _ in 0..RUNS {
        for (setup, (wall, cpu)) in setups.iter().zip(&mut samples) {
            let function = bed.function(setup).await?;
            settled().await;
            wall.0.push(ms(function.started));
            cpu.0.push(ms(function.process.cpu()?));
        }
    }
    let floor = samples[0].1.median();
    let row = |name: &str, index: usize| {
        let (wall, cpu) = samples[index].clone();
        Row::new(format!("start to first poll, {name}"), "ms").wall(wall).cpu(cpu).floor(floor)
    };
    Ok(vec![
        row("document in a file", 1),
        row("document in DynamoDB", 2).at_most(8.0).times_floor(3.0),
        row("document in DynamoDB over TLS", 3),
    ])
}
