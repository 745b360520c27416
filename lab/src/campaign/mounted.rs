//! The harness whose lives run on a real mount. It is skipped where nothing can be mounted.

use indicatif::ProgressBar;

use super::{Outcome, Plan};

#[cfg(not(target_os = "linux"))]
pub(super) fn mount(_: &Plan, _: &ProgressBar) -> Outcome {
    Outcome::Skipped("it needs Linux".to_owned())
}

#[cfg(target_os = "linux")]
pub(super) fn mount(plan: &Plan, bar: &ProgressBar) -> Outcome {
    if let Some(reason) = crate::mount::why_not() {
        return Outcome::Skipped(reason);
    }
    super::ended(linux::cases(plan, bar))
}

#[cfg(target_os = "linux")]
mod linux {
    use std::sync::atomic::{AtomicU64, Ordering};

    use indicatif::ProgressBar;

    use crate::campaign::commands::life;
    use crate::campaign::progress::count_to;
    use crate::campaign::{Figure, Plan, figure};
    use crate::mount::{Tally, run_case};
    use crate::workers::on_threads;

    /// Runs case after case until there was enough of everything.
    pub(super) fn cases(plan: &Plan, bar: &ProgressBar) -> Result<Vec<Figure>, String> {
        let life = life()?;
        let goals = Tally {
            cuts: plan.goal(1_000),
            in_recovery: plan.goal(100),
            mapped: plan.goal(200),
            writeback: plan.goal(200),
            kills: plan.goal(50),
            faults: plan.goal(200),
            acknowledged: 1,
            cases: 1,
        };
        count_to(bar, goals.cuts);
        let next = AtomicU64::new(plan.seed);
        let workers = on_threads(plan.threads, |_| {
            let mut mine = Tally::default();
            while !mine.reaches(&goals, plan.threads as u64) {
                let case = run_case(&life, next.fetch_add(1, Ordering::Relaxed))?;
                bar.inc(case.cuts);
                mine.add(&case);
            }
            Ok(mine)
        })?;
        let mut all = Tally::default();
        for tally in &workers {
            all.add(tally);
        }
        Ok(vec![
            figure("power cuts under a mount", all.cuts, goals.cuts),
            figure("inside recovery", all.in_recovery, goals.in_recovery),
            figure("with mapped segments", all.mapped, goals.mapped),
            figure("with writeback", all.writeback, goals.writeback),
            figure("kills", all.kills, goals.kills),
            figure("faults fired", all.faults, goals.faults),
            figure("acknowledged transactions", all.acknowledged, goals.acknowledged),
            figure("scripts", all.cases, goals.cases),
        ])
    }
}
