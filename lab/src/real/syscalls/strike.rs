//! One fault in one life, and the judgement of what is left.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::life::Life;
use crate::real::evidence;
use crate::real::life::{End, Left};

use super::fault::Fault;
use super::short;
use super::trace::{Call, calls};

/// What a strike leaves in a folder of its own.
pub(super) struct Ground {
    folder: tempfile::TempDir,
}

/// A fault at a call.
#[derive(Clone, Debug)]
pub(super) struct Strike {
    pub(super) call: Call,
    pub(super) fault: Fault,
    /// Whether it is sure to be this call that is met, so that more can be said of what must follow.
    pub(super) is_sure: bool,
}

impl Ground {
    /// A new one, where files are quick.
    pub(super) fn new() -> Result<Self, String> {
        Ok(Self { folder: crate::machine::fast_folder()? })
    }

    pub(super) fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    pub(super) fn trace(&self) -> PathBuf {
        self.folder.path().join("trace")
    }

    /// Takes away what the last one left.
    pub(super) fn clear(&self) {
        // Neither is there the first time.
        fs::remove_dir_all(self.store()).ok();
        fs::remove_file(self.trace()).ok();
    }

    /// The system calls that strace saw.
    pub(super) fn calls(&self) -> Result<Vec<Call>, String> {
        fs::read_to_string(self.trace()).map(|text| calls(&text)).map_err(|error| error.to_string())
    }
}

/// strace over these calls, which shows files and writes no bytes.
pub(super) fn tracing(names: &str, trace: &Path) -> Vec<OsString> {
    let mut under: Vec<OsString> = ["strace", "-f", "-y", "-s", "0", "-o"].map(Into::into).into();
    under.push(trace.into());
    under.extend(["-e".into(), format!("trace={names}").into()]);
    under
}

impl Strike {
    /// The command under which the call is met; `None` if that cannot be.
    pub(super) fn under(&self, trace: &Path) -> Option<Vec<OsString>> {
        let Some(injection) = self.fault.injection(&self.call) else {
            return short::under(&self.call, trace);
        };
        let mut under = tracing(&self.call.name, trace);
        if self.fault != Fault::Kill {
            // Quicker, but no signal is injected then.
            under.push("--seccomp-bpf".into());
        }
        under.extend(["-e".into(), injection.into()]);
        Some(under)
    }

    /// Lives with the fault, and judges. Says whether the fault fired.
    pub(super) fn strike(&self, life: &Life, ground: &Ground) -> Result<bool, String> {
        ground.clear();
        let Some(under) = self.under(&ground.trace()) else { return Ok(false) };
        let told = |wrong: String, events: &str| self.told(life, ground, &under, &wrong, events);
        let (left, shortened) = self.live(life, ground, &under).map_err(|wrong| told(wrong, ""))?;
        let trace = fs::read_to_string(ground.trace()).unwrap_or_default();
        let fired = shortened || trace.contains("(INJECTED)") || left.end == End::Killed;
        self.may_end(left.end, fired).map_err(|wrong| told(wrong, &left.said))?;
        let judged = life.judge(&ground.store(), &left.said, &[]);
        match judged.map_err(|wrong| told(wrong, &left.said))? {
            Left { end: End::Done, .. } => Ok(fired),
            Left { complaint, .. } => Err(told(complaint.trim().to_owned(), &left.said)),
        }
    }

    fn live(
        &self,
        life: &Life,
        ground: &Ground,
        under: &[OsString],
    ) -> Result<(Left, bool), String> {
        let Fault::Short(len, lasting) = self.fault else {
            return Ok((life.live(&ground.store(), under)?, false));
        };
        std::thread::scope(|scope| {
            let living = scope.spawn(|| life.live(&ground.store(), under));
            let shortened = short::shorten(&self.call, len, lasting, &ground.trace());
            let left = living.join().unwrap_or_else(|_| Err("a panic".to_owned()))?;
            Ok((left, shortened))
        })
    }

    /// Whether a life may end like this.
    fn may_end(&self, end: End, fired: bool) -> Result<(), String> {
        let must = self.is_sure && fired;
        match end {
            End::Killed if self.fault != Fault::Kill => Err("it was killed by itself".to_owned()),
            End::Done if must && self.call.forces_log() && self.fault.fails_a_force() => {
                Err("it went on behind a failed force of a log".to_owned())
            }
            End::Stopped if must && self.fault.is_harmless_to(&self.call) => {
                Err("it could not go on, though nothing was lost".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// A failure, with all that is needed to see it again.
    pub(super) fn told(
        &self,
        life: &Life,
        ground: &Ground,
        under: &[OsString],
        wrong: &str,
        events: &str,
    ) -> String {
        let (call, fault) = (&self.call, self.fault);
        let repeat = format!(
            "{}\n{} < events\n",
            life.shown("live", under).replace(&*ground.trace().to_string_lossy(), "TRACE"),
            life.shown("judge", &[])
        );
        let kept = evidence::keep(
            &[("events", events), ("repeat", &repeat)],
            &[("store", &ground.store()), ("trace", &ground.trace())],
        );
        let (seed, name, nth) = (life.seed, &call.name, call.nth);
        format!(
            "seed {seed}, {fault} at {name} number {nth} ({}): {wrong}\nto repeat it:\n{repeat}{kept}",
            call.shown
        )
    }
}
