//! `verify` on stores as power cuts and kills leave them, of which none is damaged.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use lab::corruption::{Specimen, blocks, every_bit};
use lab::life::{Script, run};
use rvm_core::RecoveryReport;
use rvm_core::rvm_history::forecast::Forecast;
use rvm_core::rvm_history::verify::{Severity, VerifyOptions, verify};
use rvm_core::rvm_storage::Storage;
use rvm_core::rvm_storage::sim::{Exploration, Explorer, SimStorage};

use super::env;

/// What `verify` says of a store that no crash can have damaged.
fn unharmed(storage: &SimStorage, when: &str) -> Result<(), String> {
    let report = verify(storage, &VerifyOptions::default(), &mut |_| ());
    let report = report.map_err(|error| format!("{when}: {error}"))?;
    let alarms: Vec<String> = report.at_least(Severity::Warning).map(ToString::to_string).collect();
    if alarms.is_empty() { Ok(()) } else { Err(format!("{when}: {}", alarms.join("\n"))) }
}

/// Guards against a dry run of recovery that tells something else than recovery then does.
fn as_foretold(forecast: &Forecast, done: &RecoveryReport) -> Result<(), String> {
    if !done.recovered {
        return if forecast.recovery_due { Err("recovery was due".into()) } else { Ok(()) };
    }
    for (told, done) in forecast.logs.iter().zip(&done.logs) {
        let told = (told.records, told.range_bytes, told.dropped_records, told.torn_bytes);
        let done = (done.records, done.range_bytes, done.dropped_records, done.torn_bytes);
        if told != done || !forecast.recovery_due {
            return Err(format!("foretold {told:?}, done {done:?}"));
        }
    }
    Ok(())
}

/// Guards against a false alarm: on what a power cut or a kill leaves at any operation, in the middle of a recovery, beside the process that
/// has the store open, and after it was recovered.
#[test]
fn no_crash_passes_for_damage() {
    let (mut all, stores) = (Exploration::default(), Cell::new(0_u64));
    for seed in 0..env("RVM_SEEDS", 2) {
        let script = Script::random(seed, 12);
        let explorer = Explorer::new(seed).exhaustive_up_to(8).samples(4).nested_share(0.2);
        let life = |storage: &SimStorage, steps: &[_], _: &_| {
            let device: Arc<dyn Storage> = Arc::new(storage.clone());
            run(&script, &device, steps, &|_| ())
        };
        let done = explorer.explore(&script.steps, life, |storage: &SimStorage, _: &[()]| {
            stores.set(stores.get() + 1);
            unharmed(storage, "as found")?;
            let forecast =
                Forecast::of(storage, Duration::ZERO).map_err(|error| error.to_string())?;
            let store =
                script.open(Arc::new(storage.clone())).map_err(|error| error.to_string())?;
            unharmed(storage, "open again")?;
            as_foretold(&forecast, store.recovery_report())?;
            store.close().map_err(|error| error.to_string())?;
            unharmed(storage, "recovered and closed")
        });
        all.add(&done.unwrap_or_else(|failure| panic!("{failure}\n{script:?}")));
    }
    println!("{} stores verified: {all:?}", stores.get());
    assert!(stores.get() > 1_000, "too few: {all:?}");
}

/// Guards against a store that cannot be opened and of which `verify` finds nothing, and against findings that lie outside of the file.
#[test]
fn what_opening_refuses_verify_finds() {
    let specimens = [Specimen::make(), Specimen::folded(), Specimen::interrupted()];
    let (mut refused, mut passed) = (0, 0);
    for specimen in specimens.map(Result::unwrap) {
        let bits = every_bit(&specimen).step_by(4_999);
        for damage in bits.chain(blocks(&specimen, 1).step_by(7)) {
            let storage = specimen.storage.moment().process_kill();
            let (name, bytes) = &specimen.files[damage.file];
            storage.rot(name, damage.offset as u64, &damage.bytes).unwrap();
            let report = verify(&storage, &VerifyOptions::default(), &mut |_| ()).unwrap();
            let found = report.worst() == Some(Severity::Damage);
            match Forecast::of(&storage, Duration::ZERO) {
                Ok(_) => passed += 1,
                Err(error) => {
                    assert!(found, "{error}, and nothing was found of {damage:?} in {name}");
                    refused += 1;
                }
            }
            for finding in report.at_least(Severity::Warning) {
                assert!(finding.offset <= bytes.len() as u64, "{finding}");
            }
        }
    }
    println!("{refused} refused, {passed} passed");
    assert!(refused > 50 && passed > 100, "{refused} refused, {passed} passed");
}
