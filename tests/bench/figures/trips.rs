//! When a warm function asks its store.

use anyhow::Context;

use crate::bed::{Bed, Setup, Subject};
use crate::report::{Row, Sample};
use crate::store::{Relay, Trip};

/// The store's calls around one streamed answer.
pub(crate) struct Trips {
    before: Vec<Trip>,
    during: Vec<Trip>,
    pub(crate) after: Vec<Trip>,
}

impl Trips {
    pub(crate) fn writes(&self) -> usize {
        self.before.len() + self.during.len() + self.after.len()
    }
}

pub(crate) async fn of_one_stream(bed: &Bed) -> anyhow::Result<Trips> {
    let relay = Relay::before(&bed.store, None).await?;
    let function = bed.function(&Setup::of(Subject::Table(relay.url()), "events-10-5")).await?;
    for _ in 0..5 {
        function.api.idle().await;
        let _ = relay.take();
        function.api.reply(&function.event).await;
    }
    function.api.idle().await;
    let (times, all) = (bed.provider.last().context("it was asked")?, relay.take());
    let pick = |wanted: &dyn Fn(&Trip) -> bool| all.iter().copied().filter(|t| wanted(t)).collect();
    Ok(Trips {
        before: pick(&|trip| trip.asked < times.asked),
        during: pick(&|trip| trip.asked >= times.asked && trip.asked < times.ended),
        after: pick(&|trip| trip.asked >= times.ended),
    })
}

pub(crate) async fn measure(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let trips = of_one_stream(bed).await?;
    let row = |when: &str, count: usize, goal: f64| {
        let name = format!("store round trips of a warm stream: {when}");
        Row::new(name, "").wall(Sample(vec![count as f64])).exactly(goal)
    };
    let writes = trips.after.len();
    Ok(vec![
        row("before the provider", waits(&trips.before), 1.0),
        row("during the answer", waits(&trips.during), 0.0),
        row("after the last token", waits(&trips.after), 1.0)
            .note(format!("{writes} writes at once")),
    ])
}

/// How often one waits, if calls that overlap are one wait.
fn waits(trips: &[Trip]) -> usize {
    let mut trips = trips.to_vec();
    trips.sort_by_key(|trip| trip.asked);
    let mut until = None;
    let mut waits = 0;
    for trip in trips {
        waits += usize::from(until.is_none_or(|until| trip.asked > until));
        until = until.max(Some(trip.answered));
    }
    waits
}
