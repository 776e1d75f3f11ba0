//! By what requests are spread over targets with weights.

/// An attribute of a request: equal values fall on equal targets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SplitBy {
    /// None: each request by itself.
    #[default]
    Random,
    /// The key.
    Key,
    /// The end user that the request names (`user`, `metadata.user_id`).
    User,
    /// A header of that name, in lower case.
    Header(String),
}

/// A number for a value, the same in every environment and version, evenly spread. `salt` keeps the
/// values of one route from falling as those of another do.
pub fn stable_draw(salt: &str, value: &str) -> u64 {
    // FNV-1a, and then a mix (that of SplitMix64), because its high bits alone are not even.
    let bytes = salt.bytes().chain([0]).chain(value.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_even_and_stay_what_they_are() {
        let mut buckets = [0_u32; 10];
        for user in 0..10_000 {
            let draw = stable_draw("gpt-*", &format!("user-{user}"));
            buckets[usize::try_from((u128::from(draw) * 10) >> 64).unwrap()] += 1;
        }
        assert!(buckets.iter().all(|count| (900..1_100).contains(count)), "{buckets:?}");
        assert_ne!(stable_draw("a", "b"), stable_draw("ab", ""));
        assert_eq!(stable_draw("gpt-*", "user-1"), stable_draw("gpt-*", "user-1"));
    }
}
