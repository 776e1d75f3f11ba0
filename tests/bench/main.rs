//! What Tollgate costs, measured from outside: the real release binary under a Runtime API and as a
//! local server, a provider that answers at once, DynamoDB Local, and beside all of it the floor.
//!
//! `bench [FIGURE,...]` measures all figures, or those. It expects the programs `tollgate` and
//! `floor` in its own folder and `tollgatectl` in the debug one beside it, as `make bench` builds
//! them; prints one table; and writes `bench.json` into the target folder.

mod bed;
mod bodies;
mod cgroup;
mod figures;
mod function_url;
mod place;
mod process;
mod provider;
mod report;
mod runtime_api;
mod store;
mod tls;
mod wire;

use std::io::Write;

use anyhow::{Context, ensure};

use bed::Bed;
use report::{document, table};

fn main() -> anyhow::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "this is where arguments are read")]
    let only: Vec<String> = std::env::args().skip(1).collect();
    let only: Vec<&str> = only.iter().flat_map(|words| words.split(',')).collect();
    for name in &only {
        let known = figures::NAMES.join(", ");
        ensure!(figures::NAMES.contains(name), "no figure '{name}': there are {known}");
    }
    let cores = std::thread::available_parallelism()?.get();
    let (core, words) = if cores > 1 {
        process::bind_myself(0)?;
        (Some(cores - 1), "one core for what is measured, another for all else")
    } else {
        (None, "one core for everything: figures of throughput say little")
    };
    let programs = std::env::current_exe()?;
    let programs = programs.parent().context("a program is in a folder")?.to_path_buf();
    // One thread: the client and the provider have one core.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let bed = Bed::new(programs, core).await?;
        let place = place::place(bed.cgroups.words(), words);
        let mut rows = Vec::new();
        for name in figures::NAMES {
            if only.is_empty() || only.contains(&name) {
                say(&format!("bench: {name}\n"))?;
                rows.extend(figures::measure(name, &bed).await.context(name)?);
            }
        }
        let json = bed.folder.with_file_name("bench.json");
        std::fs::write(&json, format!("{:#}\n", document(&place, &rows)))?;
        let missed = rows.iter().filter(|row| row.holds() == Some(false)).count();
        let goals = rows.iter().filter(|row| row.holds().is_some()).count();
        let mut out = std::io::stdout();
        writeln!(out, "{}\n\n{}", place::line(&place), table(&rows))?;
        writeln!(out, "{} of {goals} goals reached; {}", goals - missed, json.display())?;
        Ok(())
    })
}

/// Says on stderr how far it is.
fn say(words: &str) -> anyhow::Result<()> {
    Ok(std::io::stderr().write_all(words.as_bytes())?)
}
