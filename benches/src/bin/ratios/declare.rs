//! `about_to_modify` of 8 bytes, at places that were not declared yet, without begin and abort, against a copy of the old bytes by hand.

use benches::{Declarations, Pair, RawUndo, Result, Row};

use crate::Run;

const DECLARATIONS: u64 = 60_000;

pub(crate) fn measure(run: Run) -> Result<Vec<Row>> {
    let mut pairs = Vec::new();
    for per_transaction in [3, 100, 1_000] {
        let (mut raw, mut ours) = (RawUndo::open(), Declarations::open()?);
        let transactions = DECLARATIONS / per_transaction;
        let pair = Pair::of_many(
            format!("about_to_modify of 8 bytes, {per_transaction} a transaction"),
            DECLARATIONS,
            move || raw.time(transactions, per_transaction),
            move || ours.time(transactions, per_transaction),
        );
        pairs.push(pair.at_most_figure(25e-9));
    }
    benches::measure(&mut pairs, run.rounds)
}
