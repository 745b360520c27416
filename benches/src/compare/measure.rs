//! The measurements, one after the other; within each the stores run in turn.

use std::time::Duration;

use super::contest::{Contestant, Round, enter_all};
use super::{ByThreads, Comparison, Figures, Found, LatencyCurve, Plan};
use crate::Result;
use crate::machine::Machine;
use crate::peers::{Mode, Setting, Store};
use crate::rounds::in_turn;
use crate::runs::GROUP;

/// How often `compare` says that it goes on.
#[must_use]
pub fn steps(plan: &Plan, stores: &[&'static Store]) -> usize {
    let count = |can: fn(&Store) -> bool| stores.iter().filter(|store| can(store)).count();
    let durable = count(|store| store.is_durable);
    let opened = count(|store| store.is_durable && store.is_reopened);
    (durable * (plan.threads.len() + 1) + stores.len() + opened) * (plan.rounds + 1)
}

/// Compares the stores. Before each round of each, `step` is told what it is.
///
/// # Errors
/// A store's, with its name.
pub fn compare(
    plan: &Plan,
    stores: &[&'static Store],
    step: &mut dyn FnMut(&str),
) -> Result<Comparison> {
    let machine = Machine::here(&std::env::temp_dir())?;
    let nothing = |store: &&Store| Found {
        name: store.name,
        version: (store.version)(),
        durable: Vec::new(),
        latency: None,
        lazy_per_second: None,
        grouped_per_second: None,
        device_bytes: None,
        log_bytes: None,
        open_ms: None,
    };
    let stores_found = stores.iter().map(nothing).collect();
    let mut comparison = Comparison { machine, plan: plan.clone(), stores: stores_found };
    let mut course = Course { plan, stores, step, found: &mut comparison.stores };
    course.durable()?;
    course.lazy()?;
    course.grouped()?;
    course.opened()?;
    Ok(comparison)
}

/// A comparison under way.
struct Course<'a> {
    plan: &'a Plan,
    stores: &'a [&'static Store],
    step: &'a mut dyn FnMut(&str),
    found: &'a mut Vec<Found>,
}

impl Course<'_> {
    /// Durable commits by threads. A single thread's are timed one by one, and their bytes counted.
    fn durable(&mut self) -> Result<()> {
        let users = self.plan.threads.iter().copied().max().unwrap_or(1);
        let contestants = self.enter(Mode::Durable, users)?;
        let time = self.time();
        for &threads in &self.plan.threads {
            let what = format!("durable commits, {threads} threads");
            if threads > 1 {
                let rounds = self.in_turn(&contestants, &what, |one| one.run(threads, time))?;
                for (one, rounds) in contestants.iter().zip(rounds) {
                    let commits_per_second = rates(&rounds);
                    self.of(one)?.durable.push(ByThreads { threads, commits_per_second });
                }
                continue;
            }
            let rounds = self.in_turn(&contestants, &what, |one| one.run_and_count(time))?;
            for (one, rounds) in contestants.iter().zip(rounds) {
                let (rounds, written): (Vec<_>, Vec<_>) = rounds.into_iter().unzip();
                let found = self.of(one)?;
                found.device_bytes = all(written.iter().map(|written| written.device));
                found.log_bytes = all(written.iter().map(|written| written.log));
                let commits_per_second = rates(&rounds);
                found.durable.push(ByThreads { threads, commits_per_second });
                let latencies = rounds.into_iter().flat_map(|round| round.latencies);
                found.latency = LatencyCurve::of(latencies.collect());
            }
        }
        Ok(())
    }

    fn lazy(&mut self) -> Result<()> {
        let (contestants, time) = (self.enter(Mode::Lazy, 1)?, self.time());
        let rates = self.in_turn(&contestants, "lazy commits", |one| one.lazy_per_second(time))?;
        for (one, rates) in contestants.iter().zip(rates) {
            self.of(one)?.lazy_per_second = Some(Figures(rates));
        }
        Ok(())
    }

    fn grouped(&mut self) -> Result<()> {
        let (contestants, time) = (self.enter(Mode::Grouped, 1)?, self.time());
        let what = format!("{GROUP} lazy commits and a flush");
        let rates = self.in_turn(&contestants, &what, |one| one.grouped_per_second(time))?;
        for (one, rates) in contestants.iter().zip(rates) {
            self.of(one)?.grouped_per_second = Some(Figures(rates));
        }
        Ok(())
    }

    /// Opening what was not closed. Each store has run equally many commits since it was filled.
    fn opened(&mut self) -> Result<()> {
        let mut contestants = self.enter(Mode::Durable, 1)?;
        contestants.retain(|one| one.store.is_reopened);
        for one in &contestants {
            one.commit(self.plan.commits_before_opening)?;
        }
        let times = self.in_turn(&contestants, "open without a close", Contestant::open_copy_ms)?;
        for (one, times) in contestants.iter().zip(times) {
            self.of(one)?.open_ms = Some(Figures(times));
        }
        Ok(())
    }

    fn enter(&self, mode: Mode, users: usize) -> Result<Vec<Contestant>> {
        enter_all(self.stores, Setting { len: self.plan.data_len, mode }, users)
    }

    fn time(&self) -> Duration {
        Duration::from_millis(self.plan.round_ms)
    }

    fn in_turn<T>(
        &mut self,
        contestants: &[Contestant],
        what: &str,
        run: impl Fn(&Contestant) -> Result<T>,
    ) -> Result<Vec<Vec<T>>> {
        in_turn(contestants, self.plan.rounds, |one| {
            (self.step)(&format!("{what}: {}", one.store.name));
            run(one)
        })
    }

    /// Where what was found out about a contestant belongs.
    fn of(&mut self, one: &Contestant) -> Result<&mut Found> {
        let mut all = self.found.iter_mut();
        Ok(all
            .find(|found| found.name == one.store.name)
            .ok_or("a store that was not asked for")?)
    }
}

fn rates(rounds: &[Round]) -> Figures {
    Figures(rounds.iter().map(Round::commits_per_second).collect())
}

/// Figures, if there is one of every round.
fn all(figures: impl Iterator<Item = Option<f64>>) -> Option<Figures> {
    figures.collect::<Option<Vec<_>>>().map(Figures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::STORES;

    /// Guards against a measurement that nobody makes, a bar that ends somewhere else, and rows of other stores.
    #[test]
    fn every_store_is_measured_as_far_as_it_can_be() {
        let stores: Vec<_> = STORES.iter().collect();
        let plan = Plan { rounds: 1, round_ms: 5, threads: vec![1, 2], ..Plan::quick() };
        let plan = Plan { data_len: 64 << 10, commits_before_opening: 70, ..plan };
        let mut seen = 0;
        let comparison = compare(&plan, &stores, &mut |_| seen += 1).unwrap();
        assert_eq!(seen, steps(&plan, &stores));
        assert_eq!(comparison.stores.len(), STORES.len());
        for (found, store) in comparison.stores.iter().zip(STORES) {
            let context = store.name;
            assert_eq!(found.name, store.name);
            assert!(found.lazy_per_second.as_ref().unwrap().spread().min > 0.0, "{context}");
            assert_eq!(found.durable.len(), if store.is_durable { 2 } else { 0 }, "{context}");
            assert_eq!(found.latency.is_some(), store.is_durable, "{context}");
            assert_eq!(found.grouped_per_second.is_some(), store.is_durable, "{context}");
            let opened = store.is_durable && store.is_reopened;
            assert_eq!(found.open_ms.is_some(), opened, "{context}");
        }
        let by_hand = comparison.stores.first().unwrap();
        assert_eq!(by_hand.log_bytes, Some(Figures(vec![168.0])));
        let text = comparison.markdown();
        assert!(STORES.iter().all(|store| text.contains(store.name)), "{text}");
        let plots = comparison.plots().unwrap();
        assert!(plots.iter().all(|(_, svg)| svg.contains("RVM")));
        // The third is of bytes, which not every device counts.
        for name in ["throughput.svg", "latency.svg"] {
            assert!(plots.iter().any(|(plot, _)| *plot == name), "{name}");
        }
    }
}
