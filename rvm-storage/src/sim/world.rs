//! The state of a simulated device, behind one lock: files, names, the operations so far, the faults to come.

use std::io;
use std::sync::Arc;

use crate::mem::world::{CLOCK_START_NANOS, CLOCK_STEP_NANOS};
use crate::name::FileName;
use crate::random::Random;

use super::fault::{Failure, Fault};
use super::file::{File, Sequence};
use super::moment::{Moment, Recording};
use super::names::{Change, FileId, Names};
use super::operation::{Operation, OperationKind};
use super::pages::Pages;

#[derive(Debug)]
pub(super) struct World {
    /// False behind a power cut.
    powered: bool,
    pub(super) names: Arc<Names>,
    pub(super) files: Vec<Arc<File>>,
    sequence: Sequence,
    pub(super) random: Random,
    clock_nanos: u64,
    marks: usize,
    counts: [u64; OperationKind::ALL.len()],
    faults: Vec<Fault>,
    fired: u64,
    first_failed: Option<Operation>,
    recording: Option<Recording>,
}

/// What the faults make of an operation that is done at least in part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    Done,
    /// Done, and reported as failed.
    DoneAndFailed,
    /// A write of some first bytes only.
    Short,
    /// A force that reaches the medium with nothing.
    Lost,
    /// A force that reaches the medium with some sectors.
    Part,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        Self::start(Names::default(), Vec::new(), (Random::new(seed), CLOCK_START_NANOS, 0))
    }

    /// Randomness, time and the numbers of changes go on where `random`, `clock_nanos` and `sequence` are.
    pub(super) fn start(
        names: Names,
        files: Vec<Arc<File>>,
        (random, clock_nanos, sequence): (Random, u64, Sequence),
    ) -> Self {
        Self {
            powered: true,
            names: Arc::new(names),
            files,
            sequence,
            random,
            clock_nanos,
            marks: 0,
            counts: [0; OperationKind::ALL.len()],
            faults: Vec::new(),
            fired: 0,
            first_failed: None,
            recording: None,
        }
    }

    /// Fails behind a power cut.
    pub(super) fn powered(&self) -> io::Result<()> {
        if self.powered { Ok(()) } else { Err(io::Error::other("the store crashed")) }
    }

    /// Numbers an operation, and says what the faults make of it.
    pub(super) fn begin(&mut self, operation: &mut Operation) -> io::Result<Fate> {
        self.powered()?;
        operation.number = self.operations();
        if let Some(recording) = &mut self.recording {
            recording.operations.push(operation.clone());
        }
        if operation.kind.changes() {
            self.record_moment(operation, false);
        }
        if let Some(count) = self.counts.get_mut(position(operation.kind)) {
            *count += 1;
        }
        self.sequence += 1;
        // Each one counts, also what another one makes fail.
        let met = self.faults.iter_mut().filter_map(|fault| fault.meets(operation));
        let Some(failure) = met.reduce(|first, _| first) else { return Ok(Fate::Done) };
        self.fired += 1;
        self.first_failed.get_or_insert_with(|| operation.clone());
        let writes = matches!(operation.kind, OperationKind::Write | OperationKind::WriteAndForce);
        let forces_bytes =
            matches!(operation.kind, OperationKind::Force | OperationKind::WriteAndForce);
        match failure {
            Failure::ErrorWhenDone => Ok(Fate::DoneAndFailed),
            Failure::ShortWrite if writes => Ok(Fate::Short),
            Failure::LostForce if forces_bytes => Ok(Fate::Lost),
            Failure::PartOfForce if forces_bytes => Ok(Fate::Part),
            Failure::Dead => {
                self.powered = false;
                Err(failure.source())
            }
            _ => Err(failure.source()),
        }
    }

    /// The error of an operation whose fate was not [`Fate::Done`].
    pub(super) fn failed(fate: Fate) -> io::Error {
        match fate {
            Fate::Short => Failure::ShortWrite.source(),
            _ => Failure::Error.source(),
        }
    }

    /// Keeps the moment in the middle of an operation, if moments are kept.
    pub(super) fn record_moment(&mut self, operation: &Operation, inside: bool) {
        if self.recording.is_some() {
            let moment = self.moment(Some(operation.clone()), inside);
            if let Some(recording) = &mut self.recording {
                recording.moments.push(moment);
            }
        }
    }

    pub(super) fn moment(&self, operation: Option<Operation>, inside: bool) -> Moment {
        Moment {
            names: Arc::clone(&self.names),
            files: self.files.clone(),
            random: self.random.clone(),
            clock_nanos: self.clock_nanos,
            sequence: self.sequence,
            marks: self.marks,
            operation,
            inside,
        }
    }

    pub(super) fn record(&mut self) {
        self.recording = Some(Recording::default());
    }

    /// Ends the recording, with the moment that it ends in.
    pub(super) fn take_recording(&mut self) -> Recording {
        let mut recording = self.recording.take().unwrap_or_default();
        recording.moments.push(self.moment(None, false));
        recording
    }

    pub(super) fn power_off(&mut self) {
        self.powered = false;
    }

    pub(super) fn mark(&mut self, marks: usize) {
        self.marks = marks;
    }

    pub(super) fn inject(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    pub(super) fn clear_faults(&mut self) {
        self.faults.clear();
    }

    pub(super) fn fired(&self) -> u64 {
        self.fired
    }

    /// The first operation that failed because of a fault.
    pub(super) fn first_failed(&self) -> Option<&Operation> {
        self.first_failed.as_ref()
    }

    pub(super) fn operations(&self) -> u64 {
        self.counts.iter().sum()
    }

    pub(super) fn count(&self, kind: OperationKind) -> u64 {
        self.counts.get(position(kind)).copied().unwrap_or(0)
    }

    pub(super) fn tick(&mut self) -> u64 {
        let now = self.clock_nanos;
        self.clock_nanos += CLOCK_STEP_NANOS;
        now
    }

    pub(super) fn now(&self) -> Sequence {
        self.sequence
    }

    pub(super) fn change_names(&mut self, change: Change) {
        let now = self.sequence;
        Arc::make_mut(&mut self.names).change(now, change);
    }

    pub(super) fn sync_names(&mut self) {
        let now = self.sequence;
        Arc::make_mut(&mut self.names).sync(now);
    }

    /// Makes an empty file without a name.
    pub(super) fn new_file(&mut self, file: File) -> FileId {
        self.files.push(Arc::new(file));
        self.files.len() - 1
    }

    pub(super) fn find(&self, name: &FileName) -> Option<FileId> {
        self.names.live().get(name).copied()
    }

    /// Sets a file's content behind everybody's back.
    pub(super) fn plant(&mut self, name: &FileName, content: Pages) {
        self.sequence += 1;
        let file = File::durable(content, self.sequence);
        if let Some(place) = self.find(name).and_then(|id| self.files.get_mut(id)) {
            *place = Arc::new(file);
            return;
        }
        let id = self.new_file(file);
        Arc::make_mut(&mut self.names).plant(self.sequence, name, id);
    }

    /// Changes a file's bytes behind everybody's back.
    pub(super) fn rot(&mut self, name: &FileName, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.sequence += 1;
        let (now, id) = (self.sequence, self.find(name).ok_or(io::ErrorKind::NotFound)?);
        self.file_mut(id)?.rot(now, offset, bytes);
        Ok(())
    }

    pub(super) fn file(&self, id: FileId) -> io::Result<&File> {
        self.files.get(id).map(AsRef::as_ref).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(super) fn file_mut(&mut self, id: FileId) -> io::Result<&mut File> {
        let file = self.files.get_mut(id).ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::make_mut(file))
    }
}

fn position(kind: OperationKind) -> usize {
    OperationKind::ALL.iter().position(|other| *other == kind).unwrap_or(0)
}
