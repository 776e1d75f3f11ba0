//! How large the program is that a function loads.

use std::process::Command;

use crate::bed::Bed;
use crate::report::{Row, Sample};

const MB: f64 = 1e6;

pub(crate) fn measure(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let size = |name: &str| -> anyhow::Result<(f64, f64)> {
        let program = bed.programs.join(name);
        let whole = std::fs::metadata(&program)?.len();
        // A zip of one file is this and a hundred bytes.
        let packed = Command::new("gzip").args(["-9", "--stdout"]).arg(&program).output()?;
        Ok((whole as f64 / MB, packed.stdout.len() as f64 / MB))
    };
    let (tollgate, floor) = (size("tollgate")?, size("floor")?);
    let row =
        |name: &str, value, floor| Row::new(name, "MB").wall(Sample(vec![value])).floor(floor);
    Ok(vec![
        row("artifact", tollgate.0, floor.0).at_most(6.0),
        row("artifact, zipped", tollgate.1, floor.1).at_most(3.0),
    ])
}
