//! How long a request may take.

use std::time::Duration;

use super::Asked;
use crate::refusal::Refusal;

/// A request needs at least this long to be worth beginning.
const LEAST_TIME: Duration = Duration::from_millis(500);

/// How long a request may take: the least of what its route allows, of what the client waits, and of
/// what the host has left (nothing where it has no deadline).
///
/// # Errors
/// [`Refusal::DeadlineTooShort`] when the host has too little left to begin.
pub fn time(
    asked: &[Asked],
    client: Option<Duration>,
    host: Option<Duration>,
) -> Result<Duration, Refusal> {
    let route = asked.iter().flatten().next().map(|leg| leg.route.timeouts);
    let own = Duration::from_millis(route.unwrap_or_default().total_ms);
    let own = client.map_or(own, |client| own.min(client));
    let time = host.map_or(own, |host| own.min(host));
    if time < LEAST_TIME && host.is_some() {
        return Err(Refusal::DeadlineTooShort);
    }
    Ok(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(client: Option<u64>, host: Option<u64>, expected: Option<u64>) {
        let ms = Duration::from_millis;
        let found = time(&[], client.map(ms), host.map(ms));
        assert_eq!(found.ok(), expected.map(ms), "{client:?} {host:?}");
    }

    #[test]
    fn the_least_of_all_counts() {
        check(None, None, Some(880_000));
        check(Some(300), None, Some(300));
        check(Some(900_000), Some(60_000), Some(60_000));
        check(None, Some(499), None);
        check(Some(300), Some(60_000), None);
    }
}
