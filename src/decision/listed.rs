//! The names that a key may use.

use std::sync::Arc;

use super::may_use;
use crate::config::Snapshot;
use crate::keys::Caller;
use crate::routing::Route;

/// The names that the key may use, as far as they can be listed: exact routes, the names that a
/// route lists, or else its pattern. All of them where no key is known.
pub fn listed(config: &Snapshot, caller: Option<&Caller>) -> Vec<String> {
    let usable =
        |route: &&Arc<Route>| route.all_targets().any(|target| config.unusable(target).is_none());
    let names = |route: &Arc<Route>| match route.listed.as_slice() {
        [] => vec![route.pattern.to_string()],
        listed => listed.to_vec(),
    };
    let mut names: Vec<String> =
        config.config.routes.iter().filter(usable).flat_map(names).collect();
    // A pattern is listed when the key may use all of it: `*` and the pattern itself match it.
    names.retain(|name| may_use(caller, name));
    names.sort();
    names.dedup();
    names
}

/// The names for a refusal.
pub fn names(config: &Snapshot, caller: Option<&Caller>) -> String {
    match listed(config, caller).as_slice() {
        [] => "nothing".to_owned(),
        names => names.join(", "),
    }
}
