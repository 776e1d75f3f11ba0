//! Limits as an operator writes them and reads them.

mod alias;
mod amount;
mod change;
mod options;
mod wording;
mod zone;

pub(super) use alias::model_pattern;
pub(super) use amount::shown;
pub(super) use change::LimitChanges;
pub(super) use options::{ChangedLimits, NewLimits};
pub(super) use wording::{MODES, MODES_AND_NONE, documented, figure, line, name};
