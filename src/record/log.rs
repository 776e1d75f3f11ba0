//! Where the lines of records leave the process: standard output, straight. A logging layer would
//! wrap the metrics and hide them from CloudWatch.

use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// So much does not wait for more.
const MOST_TOGETHER_BYTES: usize = 64 << 10;

static LOG: Mutex<Log> = Mutex::new(Log { lines: Vec::new(), gathers: false });

/// Wakes whoever gathers when the first line waits.
static FIRST: Notify = Notify::const_new();

/// The lines that have not left yet, in memory that is kept for the next ones.
struct Log {
    lines: Vec<u8>,
    gathers: bool,
}

impl Log {
    /// In one write. What cannot be written loses the lines, not the requests.
    fn leave(&mut self) {
        let _ = std::io::stdout().lock().write_all(&self.lines);
        self.lines.clear();
        self.lines.shrink_to(MOST_TOGETHER_BYTES);
    }
}

fn log() -> MutexGuard<'static, Log> {
    LOG.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Adds a line. It leaves at once, unless somebody gathers: on Lambda, what waits is frozen with the
/// environment.
pub(super) fn add(line: impl FnOnce(&mut Vec<u8>)) {
    let mut log = log();
    let is_first = log.lines.is_empty();
    line(&mut log.lines);
    log.lines.push(b'\n');
    if !log.gathers || log.lines.len() > MOST_TOGETHER_BYTES {
        log.leave();
    } else if is_first {
        FIRST.notify_one();
    }
}

/// Lets the lines that end in one turn of the event loop leave together: a write wakes whoever reads
/// them, which costs more than all else that is done for a line. Once this is dropped, what waits has
/// left, and each line leaves at once again.
pub async fn gather() {
    let _gathering = Gathering::begin();
    loop {
        FIRST.notified().await;
        log().leave();
    }
}

struct Gathering;

impl Gathering {
    fn begin() -> Self {
        log().gathers = true;
        Self
    }
}

impl Drop for Gathering {
    fn drop(&mut self) {
        let mut log = log();
        log.gathers = false;
        log.leave();
    }
}
