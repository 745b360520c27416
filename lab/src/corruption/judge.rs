//! What became of a damaged store.

use std::ops::Range;

use rvm_core::rvm_storage::FileRole;
use rvm_core::rvm_storage::sim::OperationKind;
use rvm_core::rvm_storage::widths::narrow;
use rvm_core::{Error, Family};

use rvm_core::rvm_log::format::record::RECORD_ALIGN;

use super::damage::Damage;
use super::specimen::{Specimen, State, last_commit, look, open};

/// How many damages ended how.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Tally {
    /// Damages done.
    pub damages: u64,
    /// Exactly what was acknowledged was found.
    pub intact: u64,
    /// An error named the file and the place, and no file had been changed.
    pub reported: u64,
    /// The damage took the last force, which was taken for one that a crash cut short, and with it what lay before it in the same
    /// damaged piece.
    pub last_force: u64,
    /// The damage lay in a segment's data that no record covers: those bytes were found as they were damaged.
    pub segment_data: u64,
}

impl Tally {
    /// Adds another one.
    pub fn add(&mut self, other: &Self) {
        self.damages += other.damages;
        self.intact += other.intact;
        self.reported += other.reported;
        self.last_force += other.last_force;
        self.segment_data += other.segment_data;
    }
}

/// Does each damage to a copy of the specimen, and opens it.
///
/// # Errors
/// The first damage whose outcome was silently wrong.
pub fn damage_all(
    specimen: &Specimen,
    damages: impl Iterator<Item = Damage>,
) -> Result<Tally, String> {
    let mut tally = Tally::default();
    for damage in damages {
        let (name, _) = &specimen.files[damage.file];
        judge(specimen, &damage, &mut tally).map_err(|message| {
            let Damage { offset, bytes, .. } = &damage;
            let first = &bytes[..bytes.len().min(16)];
            format!("{message}\n  {} bytes at {offset} of {name}: {first:02x?}", bytes.len())
        })?;
    }
    Ok(tally)
}

fn judge(specimen: &Specimen, damage: &Damage, tally: &mut Tally) -> Result<(), String> {
    tally.damages += 1;
    let (name, original) = &specimen.files[damage.file];
    let storage = specimen.storage.moment().process_kill();
    let offset = u64::try_from(damage.offset).unwrap_or(u64::MAX);
    storage.rot(name, offset, &damage.bytes).map_err(|error| error.to_string())?;
    let opened = open(&storage);
    let rvm = match opened {
        Ok(rvm) => rvm,
        Err(error) => {
            let changes = CHANGES.iter().map(|kind| storage.count(*kind)).sum::<u64>();
            return match error {
                _ if changes > 0 => Err(format!("{changes} changes of a store that was refused")),
                Error::Corrupt(_) if names_a_file(specimen, &error) => {
                    tally.reported += 1;
                    Ok(())
                }
                error => Err(format!("not a report of damage ({:?}): {error}", error.family())),
            };
        }
    };
    let found = look(&rvm).map_err(|error| error.to_string())?;
    if found == specimen.state {
        tally.intact += 1;
    } else if hits_last_force(specimen, damage, original) && specimen.is_consistent(&found) {
        tally.last_force += 1;
    } else if name.role() == FileRole::Segment && is_only_damage(&found, specimen, damage, name) {
        tally.segment_data += 1;
    } else {
        let (found, expected) = (commits(&found), commits(&specimen.state));
        return Err(format!("silently different data: up to {found:?}, not {expected:?}"));
    }
    Ok(())
}

/// The last commit in each segment.
fn commits(state: &State) -> Vec<u64> {
    state.iter().map(|bytes| last_commit(bytes)).collect()
}

/// What changes a store's files.
const CHANGES: [OperationKind; 7] = [
    OperationKind::Create,
    OperationKind::Rename,
    OperationKind::Remove,
    OperationKind::Write,
    OperationKind::WriteAndForce,
    OperationKind::Allocate,
    OperationKind::SetLen,
];

fn names_a_file(specimen: &Specimen, error: &Error) -> bool {
    let text = error.to_string();
    error.family() == Family::Corruption
        && specimen.files.iter().any(|(name, _)| text.contains(&name.to_string()))
        && text.contains("byte")
}

/// Whether the damage takes bytes that the last force brought.
fn hits_last_force(specimen: &Specimen, damage: &Damage, original: &[u8]) -> bool {
    let before = &specimen.before_last[damage.file];
    let differs = |at: &usize| original.get(*at) != before.get(*at);
    let written = (0..original.len()).find(differs)..(0..original.len()).rfind(differs);
    let (Some(first), Some(last)) = (written.start, written.end) else { return false };
    let damaged: Range<usize> = damage.offset..damage.offset + damage.bytes.len();
    // A record's last bytes may be the zeros that stood there before.
    damaged.start < (last + 1).next_multiple_of(narrow(RECORD_ALIGN)) && damaged.end > first
}

/// Whether what was found is what was expected, but for damaged bytes that show as they are.
fn is_only_damage(
    found: &State,
    specimen: &Specimen,
    damage: &Damage,
    name: &rvm_core::rvm_storage::FileName,
) -> bool {
    let damaged = damage.offset..damage.offset + damage.bytes.len();
    let index = usize::from(name.segment().as_str() == "b");
    found.iter().zip(&specimen.state).enumerate().all(|(segment, (found, expected))| {
        let pairs = found.iter().zip(expected).enumerate();
        found.len() == expected.len()
            && pairs.into_iter().all(|(at, (found, expected))| {
                let shows = segment == index && damaged.contains(&at);
                found == expected || (shows && *found == damage.bytes[at - damaged.start])
            })
    })
}
