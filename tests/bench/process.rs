//! A process that is measured: on a core of its own, with its CPU time and its memory as the kernel
//! accounts for them.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::time::Instant;

/// A running program. Dropped, it ends.
pub(crate) struct Process {
    child: Child,
    /// When it was started.
    pub(crate) began: Instant,
}

impl Process {
    /// Starts a program on a core, with nothing but these variables in its environment. What it
    /// logs is read, as a platform does, and forgotten.
    pub(crate) fn start(
        program: &Path,
        environment: &[(String, String)],
        core: Option<usize>,
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(program);
        command.env_clear().envs(environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // What a thread is bound to is inherited. `taskset` in front of the program would be
        // accounted to it.
        let spawning = move || {
            core.map_or(Ok(()), |core| bind(&this_thread()?, core))?;
            let began = Instant::now();
            anyhow::Ok((command.spawn().context("the program does not start")?, began))
        };
        let (mut child, began) =
            thread::spawn(spawning).join().expect("spawning does not panic")?;
        let (out, error) = (child.stdout.take(), child.stderr.take());
        for pipe in [out.map(Pipe::Out), error.map(Pipe::Error)].into_iter().flatten() {
            thread::spawn(move || pipe.drain());
        }
        Ok(Self { child, began })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The CPU time of all of its threads so far. Exact while it sleeps.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let mut ns = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.id()))? {
            let accounts = fs::read_to_string(task?.path().join("schedstat"))?;
            let first = accounts.split(' ').next().context("an account")?;
            ns += first.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(ns))
    }

    /// The most memory that it ever had, in kilobytes.
    pub(crate) fn peak_kb(&self) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kb = line.and_then(|line| line.split_whitespace().next()).context("no VmHWM")?;
        Ok(kb.parse()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

enum Pipe {
    Out(std::process::ChildStdout),
    Error(std::process::ChildStderr),
}

impl Pipe {
    fn drain(self) {
        // Whatever breaks a pipe also ends the process.
        let _ = match self {
            Self::Out(mut pipe) => std::io::copy(&mut pipe, &mut std::io::sink()),
            Self::Error(mut pipe) => std::io::copy(&mut pipe, &mut std::io::stderr()),
        };
    }
}

fn this_thread() -> anyhow::Result<String> {
    let link = fs::read_link("/proc/thread-self")?;
    let id = link.file_name().and_then(|name| name.to_str()).context("a thread has an id")?;
    Ok(id.to_owned())
}

/// Binds a thread, and what it starts from now on, to a core.
pub(crate) fn bind(thread: &str, core: usize) -> anyhow::Result<()> {
    let taskset = Command::new("taskset")
        .args(["--cpu-list", "--pid", &core.to_string(), thread])
        .stdout(Stdio::null())
        .status()
        .context("taskset (of util-linux) is needed")?;
    ensure!(taskset.success(), "thread {thread} cannot be bound to core {core}");
    Ok(())
}

/// Binds the benchmark itself, before it has other threads.
pub(crate) fn bind_myself(core: usize) -> anyhow::Result<()> {
    bind(&std::process::id().to_string(), core)
}
