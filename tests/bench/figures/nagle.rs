//! A small streamed answer on a reused connection, under a Runtime API that acknowledges what it
//! reads at once, and under one that does so late: with Nagle's algorithm on, the second piece of an
//! answer waits 40 ms there.

use crate::bed::{Bed, Setup, Subject, ms};
use crate::report::{Row, Sample};
use crate::wire::Acknowledging;

const RUNS: usize = 60;

pub(crate) async fn measure(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (name, acknowledging) in
        [("promptly", Acknowledging::Promptly), ("late", Acknowledging::Late)]
    {
        let setup = |subject| Setup { acknowledging, ..Setup::of(subject, "events-1-0") };
        let floor = answers(bed, &setup(Subject::Floor)).await?;
        let tollgate = answers(bed, &setup(Subject::Embedded)).await?;
        let row = Row::new(format!("small stream, acknowledged {name}"), "ms");
        rows.push(row.wall(tollgate).floor(floor.median()));
    }
    let promptly = rows[0].clone();
    // Half of the 40 ms that a delayed acknowledgement takes would not be noise.
    rows[1] = rows[1].clone().at_most(promptly.judged() + 20.0);
    Ok(rows)
}

async fn answers(bed: &Bed, setup: &Setup) -> anyhow::Result<Sample> {
    let function = bed.function(setup).await?;
    let mut walls = Sample::default();
    for run in 0..RUNS + 20 {
        function.api.idle().await;
        let reply = function.api.reply(&function.event).await;
        reply.is_good()?;
        // A new connection is acknowledged at once for a while, whoever wants it otherwise.
        if run >= 20 {
            walls.0.push(ms(reply.wall()));
        }
    }
    Ok(walls)
}
