//! A new key's id and secret, drawn by the operating system.

use ring::rand::{SecureRandom, SystemRandom};

use crate::ctl::output::Failed;
use crate::keys::{KeyId, RANDOM_BYTES, Secret};

/// One draw in millions is not enough for a key.
const DRAWS: u32 = 8;

pub(super) fn draw() -> Result<(KeyId, Secret), Failed> {
    let random = SystemRandom::new();
    let mut bytes = [0; RANDOM_BYTES];
    for _ in 0..DRAWS {
        random
            .fill(&mut bytes)
            .map_err(|_| Failed::new("the operating system gives no random bytes"))?;
        if let Ok(key) = crate::keys::mint(&bytes) {
            return Ok(key);
        }
    }
    Err(Failed::new("the operating system's random bytes are not random"))
}
