//! The figures, in the order in which a function's life has them.

mod artifact;
mod body;
mod cost;
mod first;
mod local;
mod memory;
mod nagle;
mod start;
mod stream;
mod trips;
mod warm;

use crate::bed::Bed;
use crate::report::Row;

/// What can be measured by itself.
pub(crate) const NAMES: [&str; 12] = [
    "artifact",
    "start",
    "first",
    "warm",
    "concurrent",
    "local",
    "body",
    "stream",
    "memory",
    "nagle",
    "trips",
    "cost",
];

pub(crate) async fn measure(name: &str, bed: &Bed) -> anyhow::Result<Vec<Row>> {
    match name {
        "artifact" => artifact::measure(bed),
        "start" => start::measure(bed).await,
        "first" => first::measure(bed).await,
        "warm" => warm::one_at_a_time(bed).await,
        "concurrent" => warm::many_at_once(bed).await,
        "local" => local::measure(bed).await,
        "body" => body::measure(bed).await,
        "stream" => stream::measure(bed).await,
        "memory" => memory::measure(bed).await,
        "nagle" => nagle::measure(bed).await,
        "trips" => trips::measure(bed).await,
        _ => cost::measure(bed).await,
    }
}
