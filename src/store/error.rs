//! What can be wrong with a store.

use std::fmt;

use crate::refusal::Refusal;

/// The store could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// It did not answer in time, or not now. Whether a write happened is unknown.
    Unavailable(String),
    /// It refused the call, for there were too many on one item or on the table. Nothing was
    /// written.
    Throttled(String),
    /// The table does not exist.
    NoTable(String),
    /// The credentials are missing, wrong or not allowed to do this.
    Credentials(String),
    /// What it holds makes no sense.
    Corrupt(String),
}

impl StoreError {
    /// What the client is told.
    pub fn refusal(&self) -> Refusal {
        let (code, message) = match self {
            Self::Unavailable(_) => {
                ("store_unavailable", "The gateway's store does not answer now. Try again.")
            }
            Self::Throttled(_) => return Refusal::StoreThrottled,
            Self::NoTable(_) => (
                "store_not_set_up",
                "The gateway's table does not exist yet. Its operator can create it with \
                 'tollgatectl init'.",
            ),
            Self::Credentials(_) => (
                "store_forbidden",
                "The gateway may not use its table. Its operator finds the reason in the log.",
            ),
            Self::Corrupt(_) => (
                "store_corrupt",
                "What the gateway's table holds for this key makes no sense. Its operator finds \
                 the reason in the log.",
            ),
        };
        Refusal::StoreUnavailable { code, message: message.to_owned() }
    }

    /// What the operator can do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "check the network and DynamoDB's throttling metrics",
            Self::Throttled(_) => {
                "one key takes about 500 requests a second: give a busier one shards with \
                 'tollgatectl key update ID --shards N'; or the table is new and still warming up"
            }
            Self::NoTable(_) => "run 'tollgatectl init', or set TOLLGATE_TABLE to the right name",
            Self::Credentials(_) => {
                "give the function a role with the rights in template.yaml, or locally set \
                 AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            }
            Self::Corrupt(_) => "look at the item; 'tollgatectl key list' shows what can be read",
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(why) => write!(f, "the store does not answer: {why}"),
            Self::Throttled(why) => write!(f, "the store is throttling: {why}"),
            Self::NoTable(why) => write!(f, "the table does not exist: {why}"),
            Self::Credentials(why) => write!(f, "the store refuses the credentials: {why}"),
            Self::Corrupt(why) => write!(f, "the store holds nonsense: {why}"),
        }
    }
}

impl std::error::Error for StoreError {}
