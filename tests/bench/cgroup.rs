//! A share of a CPU, as Lambda gives it by a function's memory: a quota of the kernel's.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Lambda gives one CPU at 1,769 MB, and less in proportion.
const MB_PER_CPU: f64 = 1769.0;

/// The kernel hands out quotas anew in every such period.
const PERIOD_US: f64 = 20_000.0;

/// Where quotas are set on this machine.
#[derive(Clone, Debug)]
pub(crate) enum Cgroups {
    V1(PathBuf),
    V2(PathBuf),
    /// Why none can be.
    Unwritable(String),
}

/// A group of processes with a quota. Dropped, it is removed; its processes must have ended.
pub(crate) struct Group(PathBuf);

impl Cgroups {
    pub(crate) fn find() -> Self {
        let places = [
            (Path::new("/sys/fs/cgroup/cgroup.controllers"), "/sys/fs/cgroup", "cpu.max"),
            (Path::new("/sys/fs/cgroup/cpu"), "/sys/fs/cgroup/cpu", "cpu.cfs_quota_us"),
        ];
        for (mark, root, file) in places {
            let probe = Path::new(root).join(format!("tollgate-bench-{}", std::process::id()));
            if !mark.exists() || fs::create_dir(&probe).is_err() {
                continue;
            }
            let has_quota = probe.join(file).exists();
            // An empty group can always be removed by who has made it.
            let _ = fs::remove_dir(&probe);
            match (has_quota, file) {
                (true, "cpu.max") => return Self::V2(probe),
                (true, _) => return Self::V1(probe),
                _ => {}
            }
        }
        Self::Unwritable("not throttled: no cgroup with a CPU quota can be made here".to_owned())
    }

    /// Holds a process to the share of a function with so much memory; `None` where that cannot be.
    pub(crate) fn hold(&self, process: u32, memory_mb: u32) -> anyhow::Result<Option<Group>> {
        let quota = (PERIOD_US * f64::from(memory_mb) / MB_PER_CPU).round();
        let (path, settings) = match self {
            Self::Unwritable(_) => return Ok(None),
            Self::V1(path) => (
                path,
                vec![
                    ("cpu.cfs_period_us", PERIOD_US.to_string()),
                    ("cpu.cfs_quota_us", quota.to_string()),
                ],
            ),
            Self::V2(path) => (path, vec![("cpu.max", format!("{quota} {PERIOD_US}"))]),
        };
        fs::create_dir(path)?;
        let group = Group(path.clone());
        for (file, value) in settings {
            fs::write(path.join(file), value)?;
        }
        fs::write(path.join("cgroup.procs"), process.to_string())?;
        Ok(Some(group))
    }

    pub(crate) fn words(&self) -> &str {
        match self {
            Self::V1(_) => "CPU quota of cgroup v1",
            Self::V2(_) => "CPU quota of cgroup v2",
            Self::Unwritable(why) => why,
        }
    }
}

impl Drop for Group {
    #[expect(clippy::disallowed_methods, reason = "nobody else waits for this thread then")]
    fn drop(&mut self) {
        // A process that has just been ended may still be in it for a moment.
        for _ in 0..100 {
            if fs::remove_dir(&self.0).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
