//! Bars as long as the figures that they stand beside.

const WIDTH: u64 = 24;
/// Eighths of a character, from one to seven.
const EIGHTHS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// A bar for each value; the largest is as long as there is room for. Whatever is not nothing has
/// one.
pub(super) fn bars(values: &[u64], is_pretty: bool) -> Vec<String> {
    let largest = values.iter().copied().max().unwrap_or(0);
    values.iter().map(|value| bar(*value, largest, is_pretty)).collect()
}

fn bar(value: u64, largest: u64, is_pretty: bool) -> String {
    if value == 0 {
        return String::new();
    }
    let steps = if is_pretty { WIDTH * 8 } else { WIDTH };
    let length = u128::from(value) * u128::from(steps) / u128::from(largest.max(1));
    let length = usize::try_from(length.max(1)).unwrap_or(0);
    if !is_pretty {
        return "#".repeat(length);
    }
    let mut bar = "█".repeat(length / 8);
    bar.extend((length % 8).checked_sub(1).and_then(|eighths| EIGHTHS.get(eighths)));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_in_proportion() {
        assert_eq!(bars(&[0, 1, 12, 24], false), ["", "#", &"#".repeat(12), &"#".repeat(24)]);
        assert_eq!(bars(&[0, 1, 192, 99], true)[..3], ["", "▏", &"█".repeat(24)]);
        assert_eq!(bars(&[12, 192], true)[0], "█▌");
        assert_eq!(bars(&[1, u64::MAX], false)[1].len(), 24);
        assert_eq!(bars(&[0], true), [""]);
    }
}
