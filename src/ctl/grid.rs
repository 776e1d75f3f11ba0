//! A table for people: aligned columns, nothing else.

use std::ops::Range;

/// Rows under a heading.
#[derive(Debug, PartialEq)]
pub(super) struct Grid {
    heading: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    /// The columns of figures, which end under each other.
    right: Range<usize>,
}

impl Grid {
    pub(super) fn new(
        heading: &[&'static str],
        rows: impl IntoIterator<Item = Vec<String>>,
    ) -> Self {
        let rows = rows.into_iter().collect();
        Self { heading: heading.to_vec(), rows, right: 0..0 }
    }

    /// Rows without a heading.
    pub(super) fn bare(rows: impl IntoIterator<Item = Vec<String>>) -> Self {
        Self::new(&[], rows)
    }

    /// Says which columns hold figures.
    pub(super) fn right(self, right: Range<usize>) -> Self {
        Self { right, ..self }
    }

    /// Whether the first line is the heading.
    pub(super) fn has_heading(&self) -> bool {
        !self.heading.is_empty()
    }

    /// The lines, the heading first.
    pub(super) fn lines(&self) -> Vec<String> {
        let heading: Vec<String> = self.heading.iter().map(ToString::to_string).collect();
        let all = || self.has_heading().then_some(&heading).into_iter().chain(&self.rows);
        let mut widths = vec![0; all().map(Vec::len).max().unwrap_or(0)];
        for row in all() {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        all()
            .map(|row| {
                let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
                    if self.right.contains(&column) {
                        format!("{cell:>width$}")
                    } else {
                        format!("{cell:width$}")
                    }
                });
                cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let grid = Grid::new(&["ID", "NAME"], [row(["a", "é-long-name"]), row(["abc", ""])]);
        assert_eq!(grid.lines(), ["ID   NAME", "a    é-long-name", "abc"]);
        let grid = Grid::new(&["N", "X"], [row(["1", "a"]), row(["100", "b"])]).right(0..1);
        assert_eq!(grid.lines(), ["  N  X", "  1  a", "100  b"]);
        assert_eq!(Grid::bare([row(["a", "b"])]).lines(), ["a  b"]);
    }
}
