//! Whether the legs of an admitted request may be gone.

use super::Gateway;
use crate::config::Snapshot;
use crate::decision::{Asked, Leg, permitted};
use crate::keys::Right;
use crate::quota::{Evidence, Hold};
use crate::record::Record;
use crate::refusal::Refusal;
use crate::store::Admission;

/// A request that may be planned.
pub(super) struct Permitted {
    pub(super) hold: Hold,
    pub(super) legs: Vec<Leg>,
}

impl Gateway {
    /// A request that needs a right which the key lacks, or is for an alias that no route serves or
    /// the key may not use, is told so once its key is known to be good. What was admitted for it is
    /// given back.
    pub(super) async fn permit(
        &self,
        asked: &[Asked],
        right: Option<Right>,
        snapshot: &Snapshot,
        admission: Admission,
        record: &mut Record,
    ) -> Result<Permitted, Refusal> {
        let Admission { caller, hold, .. } = admission;
        match permitted(asked, right, snapshot, Some(&caller)) {
            Ok(legs) => {
                if let Some(leg) = legs.first() {
                    record.leg(leg.route.pattern.as_str(), leg.route.listed_as(&leg.alias));
                }
                Ok(Permitted { hold, legs })
            }
            Err(refusal) => {
                self.settle(hold, &Evidence::Void, record).await;
                Err(refusal)
            }
        }
    }
}
