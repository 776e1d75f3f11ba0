//! What becomes of amounts when they are spread over more rows, or over others. Together they are
//! never more than before, so that there is no moment with more room than a limit has.

/// One row's part of a window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// What is left.
    pub(super) left: i64,
    /// Of how much.
    pub(super) of: u64,
}

/// What each row has left when rows are added. Each gives of what it has, in proportion to what its
/// figure loses. `halvings` is how often less is given, so that a row that requests take from can
/// spare it.
pub(super) fn lefts(before: &[Part], after: &[u64], halvings: u32) -> Vec<i64> {
    let give = |(part, figure): (&Part, &u64)| {
        let (of, loses) = (i128::from(part.of), i128::from(part.of.saturating_sub(*figure)));
        if of == 0 { 0 } else { (i128::from(part.left.max(0)) * loses / of) >> halvings }
    };
    let gives: Vec<i128> = before.iter().zip(after).map(give).collect();
    let kept = before.iter().zip(&gives).map(|(part, give)| i128::from(part.left) - give);
    let kept: Vec<i128> = kept.collect();
    let new_rows = after.len().saturating_sub(before.len());
    let new = evenly(gives.iter().sum(), new_rows);
    let all = kept.into_iter().chain(new);
    all.map(|left| i64::try_from(left).unwrap_or(i64::MIN)).collect()
}

/// An amount in so many parts, the first ones the larger.
pub(super) fn evenly(amount: i128, parts: usize) -> Vec<i128> {
    let mut rest = amount;
    let share = |parts: usize| {
        let parts = i128::try_from(parts).unwrap_or(i128::MAX);
        let share = (rest + parts - 1).div_euclid(parts);
        rest -= share;
        share
    };
    (1..=parts).rev().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: &[(i64, u64)], after: &[u64], expected: &[i64]) {
        let parts: Vec<_> = before.iter().map(|(left, of)| Part { left: *left, of: *of }).collect();
        let found = lefts(&parts, after, 0);
        assert_eq!(found, expected, "{before:?} -> {after:?}");
        let total: i64 = before.iter().map(|(left, _)| left).sum();
        assert_eq!(found.iter().sum::<i64>(), total);
    }

    #[test]
    fn nothing_is_won_and_nothing_lost() {
        // What is whole stays whole.
        check(&[(100, 100)], &[34, 33, 33], &[34, 33, 33]);
        // Of ten that are left, no row gets more than its part.
        check(&[(10, 100)], &[25, 25, 25, 25], &[3, 3, 2, 2]);
        check(&[(0, 100)], &[50, 50], &[0, 0]);
        // A debt stays where it is.
        check(&[(-7, 100)], &[50, 50], &[-7, 0]);
        // What was given back to a row that had become smaller.
        check(&[(95, 50), (5, 50)], &[34, 33, 33], &[65, 4, 31]);
        check(&[(0, 0)], &[0, 0], &[0, 0]);
        let huge = [Part { left: i64::MAX, of: u64::MAX }];
        assert_eq!(
            lefts(&huge, &[1, 1], 0).iter().map(|left| i128::from(*left)).sum::<i128>(),
            i128::from(i64::MAX)
        );
    }

    #[test]
    fn amounts_are_split_exactly() {
        assert_eq!(evenly(10, 3), [4, 3, 3]);
        assert_eq!(evenly(-10, 3), [-3, -3, -4]);
        assert_eq!(evenly(1, 1), [1]);
        assert_eq!(evenly(5, 0), []);
    }

    #[test]
    fn a_row_that_is_taken_from_gives_less() {
        let part = [Part { left: 100, of: 100 }];
        assert_eq!(lefts(&part, &[50, 50], 1), [75, 25]);
        assert_eq!(lefts(&part, &[50, 50], 9), [100, 0]);
    }
}
