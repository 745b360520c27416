//! Fewer steps that still fail.

use std::fmt::Debug;

use super::counterexample::Counterexample;

/// So many attempts at most: each is a whole search.
const ATTEMPTS_MAX: u32 = 200;

/// Leaves out as many steps as can be left out, by halves first, then one by one, as long as `fails` still finds something of the
/// same kind: a program that cannot run without a step is no smaller failure.
pub(super) fn shrink<S: Clone + Debug>(
    seed: u64,
    steps: &[S],
    first: Counterexample,
    fails: impl Fn(&[S]) -> Option<Counterexample>,
) -> Counterexample {
    let (mut best, mut left) = (first, steps.to_vec());
    let mut piece = left.len().div_ceil(2);
    let mut attempts = 0;
    while piece > 0 && attempts < ATTEMPTS_MAX {
        let mut start = 0;
        let mut found = false;
        while start < left.len() && attempts < ATTEMPTS_MAX {
            attempts += 1;
            let end = (start + piece).min(left.len());
            let fewer: Vec<S> =
                left.iter().take(start).chain(left.iter().skip(end)).cloned().collect();
            match fails(&fewer) {
                Some(failure) if failure.kind == best.kind => {
                    (best, left, found) = (failure, fewer, true);
                }
                _ => start = end,
            }
        }
        if !found || piece > 1 {
            piece = if piece == 1 { 0 } else { piece.div_ceil(2) };
        }
    }
    best.seed = seed;
    best.steps = left.iter().map(|step| format!("{step:?}")).collect();
    best.steps_at_first = steps.len();
    best
}
