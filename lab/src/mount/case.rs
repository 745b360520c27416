//! A case: one script, cut short, killed and failed at moments that follow from its seed.

use std::path::Path;

use fastrand::Rng;

use crate::life::Life;
use crate::oracle::Event;

use super::device::{Device, Found};
use super::faults::Plan;
use super::file_system::Manner;
use super::power::{How, Stop};
use super::program::Ended;
use super::session::Mounted;
use super::tally::Tally;
use super::workplace::Workplace;

/// Steps of a life.
const STEPS: usize = 16;

/// What is done to a script: how often the power goes in its life, how often it is killed, how often something fails.
const CUTS: u64 = 6;
const KILLS: u64 = 1;
const FAULTS: u64 = 3;

/// Lives behind each other: the script's, and so many recoveries at most, the last one undisturbed.
const DEPTH: u32 = 3;

/// `SIGBUS`: what a program with mapped files dies of when they cannot be read.
const SIGBUS: i32 = 7;
const SIGKILL: i32 = 9;

/// What the program ends with that could not go on: a life, a judgement. 101, a panic, is a broken promise.
const STOPPED: [i32; 2] = [3, 1];

/// Where whoever looks into a finding copies the disk to.
const COPY: &str = "/tmp/rvm-found";

/// One in so many recoveries is disturbed by another power cut.
const NESTED_ONE_IN: u32 = 3;

/// So many changes a recovery makes at least, mostly.
const RECOVERY_CHANGES: u64 = 30;

/// How many of the last changes of a life are told.
const OPERATIONS_SHOWN: usize = 12;

/// Runs the case of `seed` with the program `life`.
///
/// # Errors
/// The promise that was broken, where, and how to see it again.
pub fn run_case(life: &Path, seed: u64) -> Result<Tally, String> {
    // Mapped or not, writeback or not, threads or not, direct writes or not: all go around.
    let bit = |place: u32| seed >> place & 1 == 1;
    let direct = seed.count_ones().is_multiple_of(2);
    let life = Life { mapped: bit(0), threads: bit(2), ..Life::new(life, seed, STEPS) };
    let mut case = Case {
        life,
        manner: Manner { writeback: bit(1), direct },
        rng: Rng::with_seed(seed),
        workplace: Workplace::new()?,
        tally: Tally { cases: 1, ..Tally::default() },
        story: Vec::new(),
        events: String::new(),
        found: None,
    };
    match case.run() {
        Ok(()) => Ok(case.tally),
        Err(message) => Err(case.tell(&message)),
    }
}

struct Case {
    life: Life,
    manner: Manner,
    rng: Rng,
    workplace: Workplace,
    tally: Tally,
    /// What happened since the script began, in words.
    story: Vec<String>,
    /// The lines that its life printed.
    events: String,
    /// The disk as it was found last.
    found: Option<Device>,
}

impl Case {
    fn run(&mut self) -> Result<(), String> {
        let whole = self.live(Device::new(self.life.seed), None, false)?;
        let (changes, _) = whole.drive().progress();
        let storage = whole.drive().device().storage;
        whole.end()?;
        for _ in 0..CUTS {
            self.cut(changes)?;
        }
        for _ in 0..KILLS {
            self.kill(changes)?;
        }
        for _ in 0..FAULTS {
            let plan = Plan::draw(&mut self.rng, &storage);
            self.fail(plan)?;
        }
        Ok(())
    }

    /// The power goes in the middle of the life.
    fn cut(&mut self, changes: u64) -> Result<(), String> {
        let stop = self.draw_cut(changes);
        let mounted = self.live(Device::new(self.life.seed), Some(stop), false)?;
        let found = self.cut_power(mounted)?;
        self.judge_found(&found, 1).map(drop)
    }

    /// The process is killed in the middle of the life, and the disk goes on.
    fn kill(&mut self, changes: u64) -> Result<(), String> {
        let stop = Stop { at: self.rng.u64(0..=changes), how: How::Kill };
        let mounted = self.live(Device::new(self.life.seed), Some(stop), false)?;
        self.tally.kills += u64::from(mounted.drive().progress().1);
        self.judge_here(mounted)
    }

    /// Something fails in the life; then the power goes, or the process ends and the disk goes on.
    fn fail(&mut self, plan: Plan) -> Result<(), String> {
        let device = Device::new(self.life.seed);
        plan.inject(&device.storage);
        let mounted = self.live(device, None, true)?;
        self.story.push(format!("  a fault was planned: {}", plan.tell()));
        let device = mounted.drive().device();
        self.tally.faults += device.storage.faults_fired().min(1);
        if self.rng.bool() {
            let found = self.cut_power(mounted)?;
            return self.judge_found(&found, 1).map(drop);
        }
        if !plan.is_death() {
            device.storage.clear_faults();
            return self.judge_here(mounted);
        }
        mounted.end()?;
        let mounted = self.mount(device.restarted(), None)?;
        self.judge_here(mounted)
    }

    /// One life on a new mount; what it printed is in `events`.
    fn live(
        &mut self,
        device: Device,
        stop: Option<Stop>,
        faulty: bool,
    ) -> Result<Mounted, String> {
        (self.events, self.found) = (String::new(), None);
        self.story.clear();
        let mounted = self.mount(device, stop)?;
        let ended = self.life.run_on(&mounted, None)?;
        // What it acknowledged counts, whenever it was printed: see the head of the module.
        self.events = complete_lines(&ended.said);
        let disturbed = faulty || mounted.drive().progress().1;
        self.check_end("the life", &mounted, &ended, disturbed)?;
        if disturbed {
            self.tally.acknowledged += acknowledged(&self.events)?;
        }
        Ok(mounted)
    }

    /// The store is opened on the same mount as before, where the kernel's cache is as it was; perhaps the power goes meanwhile. If not, it
    /// must decide as it does where the cache is cold: what the cache alone has is no ground for a decision.
    fn judge_here(&mut self, mounted: Mounted) -> Result<(), String> {
        let cold = mounted.drive().device().restarted();
        let stop = self.rng.bool().then(|| self.draw_cut(RECOVERY_CHANGES));
        mounted.drive().arm(stop);
        let ended = self.life.run_on(&mounted, Some(&self.events))?;
        let stopped = mounted.drive().progress().1;
        self.check_end("the recovery", &mounted, &ended, stopped)?;
        self.tally.in_recovery += u64::from(stopped);
        let kept = (ended.code() == Some(0)).then_some(ended.said);
        let found = self.cut_power(mounted)?;
        let later = self.judge_found(&found, 2)?;
        let Some(kept) = kept else { return Ok(()) };
        same(&kept, &later)?;
        let mounted = self.mount(cold, None)?;
        let ended = self.life.run_on(&mounted, Some(&self.events))?;
        self.check_end("the recovery with a cold cache", &mounted, &ended, false)?;
        mounted.end()?;
        same(&kept, &ended.said).map_err(|differs| format!("with a cold cache, {differs}"))
    }

    /// What a power cut left is judged; perhaps the power goes again meanwhile, or right behind it. Says what was kept.
    fn judge_found(&mut self, found: &Found, depth: u32) -> Result<String, String> {
        self.found = Some(found.device());
        let mounted = self.mount(found.device(), None)?;
        let ended = self.life.run_on(&mounted, Some(&self.events))?;
        self.check_end("the recovery", &mounted, &ended, false)?;
        let kept = ended.said;
        if depth == DEPTH || self.rng.u32(..NESTED_ONE_IN) > 0 {
            mounted.end()?;
            return Ok(kept);
        }
        self.tally.in_recovery += 1;
        let (changes, _) = mounted.drive().progress();
        let stop = self.draw_cut(changes);
        let next = if stop.at == changes {
            self.cut_power(mounted)?
        } else {
            mounted.end()?;
            let again = self.mount(found.device(), Some(stop))?;
            let ended = self.life.run_on(&again, Some(&self.events))?;
            let stopped = again.drive().progress().1;
            self.check_end("the recovery", &again, &ended, stopped)?;
            self.cut_power(again)?
        };
        // All that was found behind the first cut was durable: no later one may decide otherwise.
        same(&kept, &self.judge_found(&next, depth + 1)?)?;
        Ok(kept)
    }

    fn mount(&mut self, device: Device, stop: Option<Stop>) -> Result<Mounted, String> {
        Mounted::new(self.workplace.next_mount(), device, stop, self.manner)
    }

    fn draw_cut(&mut self, changes: u64) -> Stop {
        let how = if self.rng.bool() { How::Cut } else { How::CutAndKill };
        Stop { at: self.rng.u64(0..=changes), how }
    }

    /// The power goes, if it has not gone yet; one of the states that may be found is drawn.
    fn cut_power(&mut self, mounted: Mounted) -> Result<Found, String> {
        let moment = mounted.drive().moment();
        mounted.end()?;
        let found = moment.draw(&mut self.rng);
        self.story.push(format!("  the power went\n{}", found.tell().trim_end()));
        self.tally.cuts += 1;
        self.tally.mapped += u64::from(self.life.mapped);
        self.tally.writeback += u64::from(self.manner.writeback);
        Ok(found)
    }

    /// Notes how a program ended, and whether it may end so.
    fn check_end(
        &mut self,
        who: &str,
        mounted: &Mounted,
        ended: &Ended,
        disturbed: bool,
    ) -> Result<(), String> {
        let operations = mounted.drive().operations();
        let hidden = operations.len().saturating_sub(OPERATIONS_SHOWN);
        let mut lines =
            vec![format!("  {who}: {} changes reached the disk, the last:", operations.len())];
        lines.extend(operations.iter().skip(hidden).map(|operation| format!("    {operation}")));
        lines.push(format!("  {who} ended with {}", ended.status));
        self.story.push(lines.join("\n"));
        let silent = mounted.drive().power_is_gone() || mounted.drive().is_dead();
        let fine = match (ended.code(), ended.signal()) {
            (Some(0), _) => true,
            (Some(code), _) => disturbed && STOPPED.contains(&code),
            (_, Some(SIGKILL)) => disturbed,
            // A page that cannot be read has no other way to say so.
            (_, Some(SIGBUS)) => silent && self.life.mapped,
            _ => false,
        };
        if fine { Ok(()) } else { Err(format!("{who} ended with {}", ended.tell())) }
    }

    /// A finding, with all that is needed to look into it; the events and the disk are kept.
    fn tell(self, message: &str) -> String {
        let Self { life, manner, workplace, story, events, found, .. } = self;
        let (store, seed) = (workplace.store(), life.seed);
        let judge = life.shown("judge", &[]).replace("STORE", COPY);
        let kept = workplace.keep(&events, found.as_ref());
        let events = kept.join("events");
        format!(
            "mount, seed {seed}, {manner:?}: {message}\n{}\n  \
             again: cargo run --release -p lab -- --only mount --seed {seed} --thousandths 1 --threads 1\n  \
             as found: cp -r {} {COPY} && {judge} < {}",
            story.join("\n"),
            store.display(),
            events.display(),
        )
    }
}

/// Without a last line that was cut short: the program was killed while it wrote it, so nobody was told.
fn complete_lines(said: &str) -> String {
    let end = said.rfind('\n').map_or(0, |at| at + 1);
    said[..end].to_owned()
}

fn acknowledged(events: &str) -> Result<u64, String> {
    let mut count = 0;
    for line in events.lines() {
        let event = serde_json::from_str(line).map_err(|error| format!("{line}: {error}"))?;
        count += u64::from(matches!(event, Event::Acknowledged(_)));
    }
    Ok(count)
}

fn same(kept: &str, later: &str) -> Result<(), String> {
    if kept == later {
        return Ok(());
    }
    Err(format!("a recovery decided anew: {} were kept, then {}", kept.trim(), later.trim()))
}
