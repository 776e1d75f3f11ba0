//! What a larger body costs.

use crate::bed::{Bed, Cost, Setup, Subject, in_turns};
use crate::report::Row;

const BATCHES: usize = 20;
const REQUESTS: usize = 25;

pub(crate) async fn measure(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let [floor, tollgate] = [Subject::Floor, Subject::Embedded].map(|it| Setup::of(it, "plain"));
    let mut functions = Vec::new();
    for (setup, bytes) in [(&floor, 1), (&floor, 100), (&tollgate, 1), (&tollgate, 100)] {
        let mut function = bed.function(setup).await?;
        function.event = bed.event(setup, bytes << 10);
        functions.push(function);
    }
    let [a, b, c, d] = [&functions[0], &functions[1], &functions[2], &functions[3]];
    let [small_floor, floor, small, large] = in_turns([a, b, c, d], BATCHES, REQUESTS, 1).await?;
    let extra = |large: &Cost, small: &Cost| large.cpu.map(|us| us - small.cpu.median());
    Ok(vec![
        Row::new("body of 100 KB: CPU beyond 1 KB", "µs")
            .cpu(extra(&large, &small))
            .floor(extra(&floor, &small_floor).median())
            .at_most(150.0),
        Row::new("request of 100 KB, one at a time", "µs")
            .wall(large.wall)
            .cpu(large.cpu)
            .floor(floor.cpu.median()),
    ])
}
