//! The model of the protocol: by all of its rules it keeps every promise, and without any one of them it does not.

use std::collections::BTreeSet;

use lab::oracle::Kind;
use lab::protocol::{self, Rule, Summary};

/// The rules, each with the promise that is broken for the reason it exists: others may be broken before.
const NEEDED: [(Rule, Kind); 12] = [
    (Rule::ForceTheClosure, Kind::AcknowledgedLost),
    (Rule::ClosureOverUndecided, Kind::AcknowledgedLost),
    (Rule::ReadDependencies, Kind::ReadDependency),
    (Rule::CascadeTheCut, Kind::Prefix),
    (Rule::ForceLogsBeforeRecovery, Kind::Order),
    (Rule::TruncateOnlyDecided, Kind::Atomicity),
    (Rule::JudgeOlderEpochsByPrevEnd, Kind::Atomicity),
    (Rule::EpochInTheRecord, Kind::Flip),
    (Rule::ForceHeaderBeforeReuse, Kind::Flip),
    (Rule::ForceSegmentBeforeHead, Kind::AcknowledgedLost),
    (Rule::DropTheCacheInRecovery, Kind::Atomicity),
    (Rule::PoisonOnFailedForce, Kind::AcknowledgedLost),
];

/// Within so many seeds a missing rule must be noticed.
const SEEDS_TO_NOTICE: u64 = 6_000;

/// Guards against a protocol that loses what it acknowledged or shows what it did not commit, and against a model in which nothing goes wrong.
#[test]
fn the_whole_protocol_keeps_every_promise() {
    let summary = protocol::campaign(20_000, 2);
    assert_eq!(summary.violations(), 0, "{summary}");
    assert_eq!(summary.recoveries, 80_000, "{summary}");
    assert!(summary.interrupted_recoveries > 50_000, "{summary}");
    assert!(summary.failed_forces > 10_000, "{summary}");
    assert!(summary.failed_writes > 10_000, "{summary}");
    assert!(summary.acknowledged > 50_000, "{summary}");
}

/// Guards against rules that nobody needs, and against a model or a judge that would not notice a broken one.
#[test]
fn every_rule_is_needed() {
    let escaped: Vec<String> = NEEDED
        .into_iter()
        .filter_map(|(rule, kind)| {
            let summary = run_until_noticed(rule, kind);
            let noticed = summary.violations.contains_key(&kind);
            (!noticed).then(|| format!("{rule:?} ({rule}): no {kind} in {summary}"))
        })
        .collect();
    assert!(escaped.is_empty(), "\n{}", escaped.join("\n"));
}

fn run_until_noticed(rule: Rule, kind: Kind) -> Summary {
    let mut all = Summary::default();
    for start in (0..SEEDS_TO_NOTICE).step_by(500) {
        all.add(&protocol::run(start..start + 500, Some(rule)));
        if all.violations.contains_key(&kind) {
            break;
        }
    }
    all
}

/// Guards against a rule that is called implied and is not, and against one that is in none of the lists.
#[test]
fn what_is_called_implied_is_implied() {
    let implied: BTreeSet<Rule> = Rule::ALL.into_iter().filter(|rule| rule.is_implied()).collect();
    assert_eq!(implied, [Rule::PartIdentity].into());
    for rule in &implied {
        let summary = protocol::run(0..SEEDS_TO_NOTICE, Some(*rule));
        assert_eq!(summary.violations(), 0, "{rule:?}: {summary}");
    }
    let needed = NEEDED.iter().map(|(rule, _)| *rule);
    assert_eq!(needed.chain(implied).collect::<BTreeSet<_>>(), Rule::ALL.into());
}

/// Guards against a campaign whose failures cannot be seen again from their seeds.
#[test]
fn a_run_depends_on_its_seed_only() {
    let alone = protocol::run(0..300, None);
    assert_eq!(protocol::campaign(300, 1), alone);
    assert_eq!(protocol::campaign(300, 7), alone);
    assert_ne!(protocol::run(300..600, None), alone);

    let rule = Some(Rule::ForceSegmentBeforeHead);
    let first = protocol::run(0..300, rule).first.unwrap();
    let again = protocol::run(first.seed..first.seed + 1, rule);
    assert_eq!(again.first.as_ref(), Some(&first));
    assert!(again.to_string().ends_with(&first.violation.to_string()), "{again}");
}

/// Guards against threads that leave out seeds, or run them twice.
#[test]
fn a_campaign_runs_each_seed_once() {
    for (runs, threads) in [(0, 2), (1, 2), (5, 0), (7, 3)] {
        assert_eq!(protocol::campaign(runs, threads), protocol::run(0..runs, None));
    }
}
