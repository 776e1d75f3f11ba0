//! Places among the requests in flight, when they are spread over more or fewer rows. A request
//! that is under way ends in the row that admitted it, so places that are taken stay where they are,
//! and no other row may give them away a second time.

use std::collections::BTreeMap;

use super::holder::LONGEST_REQUEST_MS;
use crate::quota::Rule;
use crate::store::Item;

/// Requests in flight: when each must have ended.
pub(super) type Leases = BTreeMap<String, u64>;

/// One row's places.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    /// Those that are taken, expired ones left out.
    pub(super) taken: Leases,
    /// How many there are.
    pub(super) of: u64,
}

impl Places {
    /// Those of a row, by the rule that limits them.
    pub(super) fn of(item: &Item, rule: &Rule, now_ms: u64) -> Self {
        let live = item.ledger.leases.iter().filter(|(_, until)| **until > now_ms);
        let taken = live.map(|(id, until)| (id.clone(), *until)).collect();
        Self { taken, of: item.ledger.figure(rule) }
    }

    fn free(&self) -> u64 {
        self.of.saturating_sub(count(&self.taken))
    }
}

fn count(leases: &Leases) -> u64 {
    u64::try_from(leases.len()).unwrap_or(u64::MAX)
}

/// For each new row the places that are kept free in it until what the other rows have admitted
/// must have ended. When `blind`, nothing is known of the other rows: all of them.
pub(super) fn kept_free(
    before: &[Places],
    after: &[u64],
    revision: u64,
    now_ms: u64,
    blind: bool,
) -> Vec<Leases> {
    let free_before: u64 = before.iter().map(Places::free).sum();
    let stays = before.iter().zip(after).map(|(row, of)| of.saturating_sub(count(&row.taken)));
    let mut may_open = if blind { 0 } else { free_before.saturating_sub(stays.sum()) };
    let until = before.iter().flat_map(|row| row.taken.values()).max().copied();
    let until = if blind { None } else { until };
    let until = until.unwrap_or_else(|| now_ms.saturating_add(LONGEST_REQUEST_MS));
    let new_rows = (0_u64..).zip(after.iter().skip(before.len()));
    let keep = |(row, of): (u64, &u64)| {
        let opens = may_open.min(*of);
        may_open -= opens;
        (0..of - opens).map(|n| (format!("kept-{revision}-{row}-{n}"), until)).collect()
    };
    new_rows.map(keep).collect()
}

/// For each row that stays the places that are taken in rows that go: first where there is room.
pub(super) fn taken_over(before: &[Places], after: &[u64]) -> Vec<Leases> {
    let (kept, gone) = before.split_at(after.len().min(before.len()));
    let mut rooms: Vec<i128> = kept
        .iter()
        .zip(after)
        .map(|(row, of)| i128::from(*of) - i128::from(count(&row.taken)))
        .collect();
    let mut over = vec![Leases::new(); kept.len()];
    for (id, until) in gone.iter().flat_map(|row| &row.taken) {
        let roomiest = rooms.iter().enumerate().max_by_key(|(_, room)| **room).map(|(row, _)| row);
        let Some(row) = roomiest else { continue };
        if let (Some(room), Some(over)) = (rooms.get_mut(row), over.get_mut(row)) {
            *room -= 1;
            over.insert(id.clone(), *until);
        }
    }
    over
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[(u64, u64)]) -> Vec<Places> {
        let leases = |row: usize, count: u64| {
            (0..count).map(|n| (format!("{row}-{n}"), 100 + n)).collect::<Leases>()
        };
        let places = rows.iter().enumerate();
        places.map(|(row, (taken, of))| Places { taken: leases(row, *taken), of: *of }).collect()
    }

    /// How many places are taken in each row afterwards.
    fn check(before: &[(u64, u64)], after: &[u64], expected: &[u64]) {
        let before = rows(before);
        let free = before.iter().map(Places::free).sum::<u64>();
        let mut taken: Vec<u64> = before.iter().map(|row| count(&row.taken)).collect();
        if after.len() > before.len() {
            taken.extend(kept_free(&before, after, 1, 0, false).iter().map(count));
        } else {
            taken.truncate(after.len());
            let over = taken_over(&before, after);
            taken.iter_mut().zip(&over).for_each(|(taken, over)| *taken += count(over));
        }
        assert_eq!(taken, expected);
        let opened = taken.iter().zip(after).map(|(taken, of)| of.saturating_sub(*taken));
        assert!(opened.sum::<u64>() <= free);
    }

    #[test]
    fn no_place_is_given_away_twice() {
        check(&[(0, 4)], &[2, 2], &[0, 0]);
        check(&[(4, 4)], &[2, 2], &[4, 2]);
        check(&[(3, 4)], &[2, 2], &[3, 1]);
        check(&[(1, 4)], &[2, 1, 1], &[1, 0, 0]);
        check(&[(2, 2), (0, 2), (2, 2), (2, 2)], &[4, 4], &[3, 3]);
        check(&[(0, 2), (0, 2)], &[4], &[0]);
        let kept = kept_free(&rows(&[(0, 4)]), &[2, 2], 1, 0, true);
        assert_eq!(kept[0].values().copied().collect::<Vec<_>>(), [LONGEST_REQUEST_MS; 2]);
    }
}
