//! Whether a target can be tried.

use crate::config::Snapshot;
use crate::failure::Class;
use crate::routing::{Standing, Target, Usable};

/// Whether a target can be tried at that time, in milliseconds since 1970. `standing` says of its id
/// how it stands, and what for where the configuration's health does not know: in an environment,
/// what that has seen counts as well.
pub fn usable(
    target: &Target,
    snapshot: &Snapshot,
    now_ms: u64,
    standing: impl FnOnce(&str) -> (Standing, Option<Class>),
) -> Usable {
    if let Some(reason) = snapshot.unusable(target) {
        return Usable::No(reason);
    }
    let (standing, seen) = standing(&target.id);
    match standing {
        Standing::Ready => Usable::Yes,
        Standing::HalfOpen { until_ms } => Usable::Probe { until_ms },
        Standing::Aside { until_ms } => {
            let left_s = until_ms.saturating_sub(now_ms).div_ceil(1_000);
            let shared = snapshot.health.of(&target.id).map(|aside| aside.reason.as_str());
            let why = seen.map(Class::name).or(shared).unwrap_or("a failure");
            let reason = format!("set aside for {left_s} s after {why}");
            Usable::Aside { until_ms, reason }
        }
    }
}
