//! Credentials that are asked for once: static ones for good, expiring ones until shortly before
//! they do.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use tokio::sync::Mutex;

/// So long before they expire others are asked for.
const BEFORE_EXPIRY: Duration = Duration::from_secs(60);

/// What asks for them, for the store's own calls and for the SDK's.
#[derive(Clone, Debug)]
pub(super) struct KeptCredentials {
    source: SharedCredentialsProvider,
    kept: Arc<Mutex<Option<Credentials>>>,
}

impl KeptCredentials {
    pub(super) fn new(source: SharedCredentialsProvider) -> Self {
        Self { source, kept: Arc::default() }
    }

    /// The credentials at this time. Of all who need others one asks, and the rest wait for it.
    ///
    /// # Errors
    /// Why there are none.
    pub(super) async fn at(&self, now: SystemTime) -> provider::Result {
        let mut kept = self.kept.lock().await;
        if let Some(credentials) = lasting(kept.as_ref(), now + BEFORE_EXPIRY) {
            return Ok(credentials.clone());
        }
        match self.source.provide_credentials().await {
            Ok(credentials) => Ok(kept.insert(credentials).clone()),
            // Those that there are have not expired yet.
            Err(error) => lasting(kept.as_ref(), now).cloned().ok_or(error),
        }
    }
}

fn lasting(kept: Option<&Credentials>, until: SystemTime) -> Option<&Credentials> {
    kept.filter(|credentials| credentials.expiry().is_none_or(|expiry| expiry > until))
}

/// The time that decides whether credentials have expired, and that a signature carries.
#[expect(clippy::disallowed_methods, reason = "both are about the time of day")]
pub(super) fn time_of_day() -> SystemTime {
    SystemTime::now()
}

impl ProvideCredentials for KeptCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.at(time_of_day()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::UNIX_EPOCH;

    use aws_credential_types::provider::error::CredentialsError;

    use super::*;

    /// Gives credentials that are called by how often it was asked, and then fails.
    #[derive(Debug)]
    struct Source {
        expire_s: Vec<Option<u64>>,
        asked: AtomicU64,
    }

    impl ProvideCredentials for Source {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let nth = self.asked.fetch_add(1, Ordering::Relaxed);
            let expiry = self.expire_s.get(usize::try_from(nth).unwrap());
            future::ProvideCredentials::ready(expiry.map_or_else(
                || Err(CredentialsError::not_loaded("there are no more")),
                |expiry| {
                    let expiry = expiry.map(|second| UNIX_EPOCH + Duration::from_secs(second));
                    Ok(Credentials::new(nth.to_string(), "secret", None, expiry, "test"))
                },
            ))
        }
    }

    /// At each of these seconds the credentials are those; `-` is an error.
    async fn check(expire_s: &[Option<u64>], expected: &[(u64, &str)]) {
        let source = Source { expire_s: expire_s.to_vec(), asked: AtomicU64::new(0) };
        let kept = KeptCredentials::new(SharedCredentialsProvider::new(source));
        for (second, id) in expected {
            let found = kept.at(UNIX_EPOCH + Duration::from_secs(*second)).await;
            let found = found.map_or_else(|_| "-".to_owned(), |it| it.access_key_id().to_owned());
            assert_eq!(found, *id, "at {second} of {expire_s:?}");
        }
    }

    #[tokio::test]
    async fn they_are_asked_for_when_they_are_about_to_expire() {
        check(&[None], &[(0, "0"), (1, "0"), (1_000_000_000, "0")]).await;
        let two = [Some(1_000), Some(2_000)];
        check(&two, &[(0, "0"), (939, "0"), (940, "1"), (1_939, "1")]).await;
        // Nobody gives others: the last ones are used as long as they are good.
        check(&two, &[(0, "0"), (950, "1"), (1_940, "1"), (1_999, "1"), (2_000, "-")]).await;
        check(&[], &[(0, "-"), (1, "-")]).await;
    }
}
