//! Where and of what something was measured.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

/// The machine, the day and the commit.
pub(crate) fn place(throttle: &str, cores: &str) -> Value {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let count = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let changed = said("git", &["status", "--porcelain", "--untracked-files=no"]);
    json!({
        "date": said("date", &["-u", "+%Y-%m-%d"]),
        "cpu": model.map_or("unknown", |(_, model)| model.trim()),
        "cpus": count,
        "kernel": kernel.trim(),
        "architecture": std::env::consts::ARCH,
        "commit": said("git", &["rev-parse", "--short", "HEAD"]),
        "with_changes": !changed.is_empty(),
        // What others did on the machine in the minute before.
        "load_before": load.split(' ').next(),
        "throttle": throttle,
        "cores": cores,
    })
}

/// The place as one line.
pub(crate) fn line(place: &Value) -> String {
    let word = |name: &str| place[name].as_str().unwrap_or_default().to_owned();
    let changed = if place["with_changes"] == true { " with changes" } else { "" };
    format!(
        "{}, commit {}{changed}; {} × {}, {}, Linux {}; {}; {}; load before: {}",
        word("date"),
        word("commit"),
        place["cpus"],
        word("cpu"),
        word("architecture"),
        word("kernel"),
        word("cores"),
        word("throttle"),
        word("load_before"),
    )
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let said = output.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&said).trim().to_owned()
}
