//! A table for people: aligned columns, nothing else.

/// Rows under a heading.
#[derive(Debug, PartialEq)]
pub(super) struct Grid {
    heading: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    pub(super) fn new(
        heading: &[&'static str],
        rows: impl IntoIterator<Item = Vec<String>>,
    ) -> Self {
        let rows = rows.into_iter().collect();
        Self { heading: heading.to_vec(), rows }
    }

    /// The lines, the heading first.
    pub(super) fn lines(&self) -> Vec<String> {
        let heading: Vec<String> = self.heading.iter().map(ToString::to_string).collect();
        let all = || std::iter::once(&heading).chain(&self.rows);
        let mut widths = vec![0; heading.len()];
        for row in all() {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        all()
            .map(|row| {
                let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
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
    }
}
