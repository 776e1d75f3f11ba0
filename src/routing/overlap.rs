//! Whether two model patterns have an alias in common.

/// Whether some alias fits both patterns, whatever its case. For warnings: it may say yes once too
/// often, never no.
pub fn overlap(a: &str, b: &str) -> bool {
    let (a, b) = (a.to_ascii_lowercase(), b.to_ascii_lowercase());
    let (a, b) = (a.as_bytes(), b.as_bytes());
    // For what is read of `a` so far: which beginnings of `b` can stand for the same text.
    let mut row: Vec<bool> = vec![true];
    row.extend(b.iter().scan(true, |only_stars, y| {
        *only_stars &= *y == b'*';
        Some(*only_stars)
    }));
    for x in a {
        let mut next = vec![*x == b'*' && row.first() == Some(&true)];
        for (y, neighbours) in b.iter().zip(row.windows(2)) {
            let (diagonal, above) =
                (neighbours.first() == Some(&true), neighbours.last() == Some(&true));
            let left = next.last() == Some(&true);
            next.push(match (x, y) {
                // A star stands for nothing, or for one more of the other.
                (b'*', _) | (_, b'*') => above || left,
                (b'?', _) | (_, b'?') => diagonal,
                (x, y) => diagonal && x == y,
            });
        }
        row = next;
    }
    row.last() == Some(&true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::Pattern;

    fn check(a: &str, b: &str, expected: bool) {
        assert_eq!((overlap(a, b), overlap(b, a)), (expected, expected), "{a} and {b}");
    }

    #[test]
    fn patterns_overlap_when_an_alias_fits_both() {
        check("*", "gpt-4o", true);
        check("gpt-*", "*-mini", true);
        check("gpt-*", "ep-*", false);
        check("gpt-4o", "gpt-4o", true);
        check("gpt-4o", "gpt-4o-mini", false);
        check("gpt-?", "gpt-*o", true);
        check("gpt-?", "gpt-*oo", false);
        check("a*b", "*c", false);
        check("*a*", "b*b", true);
        check("DeepSeek-*", "deepseek-v3", true);
        check("", "*", true);
        check("", "?", false);
    }

    #[test]
    fn it_agrees_with_a_search_over_short_aliases() {
        let words = |letters: &str, most: u32| {
            let letters: Vec<char> = letters.chars().collect();
            let mut words = vec![String::new()];
            for _ in 0..most {
                let longer: Vec<_> = words
                    .iter()
                    .flat_map(|word| letters.iter().map(move |letter| format!("{word}{letter}")))
                    .collect();
                words.extend(longer);
                words.sort();
                words.dedup();
            }
            words
        };
        let (patterns, aliases) = (words("ab*?", 3), words("ab", 6));
        for a in &patterns {
            let of_a: Vec<_> =
                aliases.iter().filter(|alias| Pattern::new(a.as_str()).matches(alias)).collect();
            for b in &patterns {
                let expected = of_a.iter().any(|alias| Pattern::new(b.as_str()).matches(alias));
                assert_eq!(overlap(a, b), expected, "{a} and {b}");
            }
        }
    }
}
