//! What a power cut leaves of a recorded device, and whether it keeps the promises.
//!
//! Behind a flush all that was asked for before it is there. Of what was asked for since, any part may be there, torn at sectors.
//! Writes that the log has before a flush count as flushed, though the device may have been at work on one when the flush was asked for:
//! what is taken for there may be there, so no verdict is too hard.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use fastrand::Rng;

use crate::life::Life;
use crate::machine::fast_folder;
use crate::oracle::Event;
use crate::real::evidence;
use crate::real::life::{End, Left, could_not_judge};
use crate::real::mount::{FileSystem, Mounted};

use super::Tally;
use super::format::SECTOR_LEN;
use super::record::{Recording, copy_image};

/// What the kernel says of a file system that is damaged.
const DAMAGED: &str = "Structure needs cleaning";

/// A moment at which the power goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Point {
    /// So many entries were flushed.
    pub(super) flushed: usize,
    /// So many were asked for.
    pub(super) asked: usize,
    /// What the choice among the others follows from; none of them is there, if this is not.
    pub(super) seed: Option<u64>,
}

/// Some moments of a life, in order: behind each flush, and once in what follows it, if anything does; of these each so many. And all
/// acknowledgements that something unflushed lies before: that may be lost then.
pub(super) fn points(recording: &Recording, rng: &mut Rng, stride: usize) -> Vec<Point> {
    let all = around_flushes(recording, rng);
    let mut points: Vec<Point> =
        all.into_iter().skip(rng.usize(..stride)).step_by(stride).collect();
    points.extend(at_acknowledgements(recording));
    points.sort_by_key(|point| (point.flushed, point.asked, point.seed));
    points.dedup();
    points
}

fn at_acknowledgements(recording: &Recording) -> impl Iterator<Item = Point> {
    let entries = &recording.log.entries;
    let is_acknowledgement =
        |event: &Event| matches!(event, Event::Acknowledged(_) | Event::AcknowledgedAll);
    let noted = recording.events.iter().filter(move |noted| is_acknowledgement(&noted.event));
    let moment = |at: u64| {
        let asked = entries.partition_point(|entry| entry.end <= at);
        let flushed = entries[..asked].iter().rposition(|entry| entry.is_flush)? + 1;
        (flushed < asked).then_some(Point { flushed, asked, seed: None })
    };
    noted.filter_map(move |noted| moment(noted.at))
}

fn around_flushes(recording: &Recording, rng: &mut Rng) -> Vec<Point> {
    let (entries, (first, last)) = (&recording.log.entries, recording.lived);
    let mut points = Vec::new();
    let flushes = entries.iter().zip(1..).filter(|(entry, _)| entry.is_flush);
    let mut flushes = flushes.map(|(_, count)| count).peekable();
    while let Some(flushed) = flushes.next() {
        let end = entries[flushed - 1].end;
        if end < first || end > last {
            continue;
        }
        let seed = Some(rng.u64(..));
        points.push(Point { flushed, asked: flushed, seed });
        let next = flushes.peek().map_or(entries.len(), |next| next - 1);
        if next > flushed {
            points.push(Point { flushed, asked: rng.usize(flushed + 1..=next), seed });
        }
    }
    points
}

/// Builds the device at each of these points, which must be in order, and judges.
pub(super) fn replay(
    kind: FileSystem,
    life: &Life,
    recording: &Recording,
    points: &[Point],
) -> Result<Tally, String> {
    let folder = fast_folder()?;
    let flushed = folder.path().join("flushed");
    copy_image(&recording.base(), &flushed)?;
    let replay =
        Replay { kind, life, recording, folder: folder.path(), image: folder.path().join("image") };
    let (mut tally, mut done) = (Tally::default(), 0);
    for point in points {
        let more = &recording.log.entries[done..point.flushed];
        recording.log.write(more, &flushed).map_err(|error| format!("{point:?}: {error}"))?;
        done = point.flushed;
        copy_image(&flushed, &replay.image)?;
        replay.tear(point).map_err(|error| format!("{point:?}: {error}"))?;
        replay.judge(point, &mut tally)?;
    }
    Ok(tally)
}

struct Replay<'a> {
    kind: FileSystem,
    life: &'a Life,
    recording: &'a Recording,
    folder: &'a Path,
    image: PathBuf,
}

impl Replay<'_> {
    /// Adds a part of what was not flushed.
    fn tear(&self, point: &Point) -> std::io::Result<()> {
        let file = File::options().write(true).open(&self.image)?;
        let Some(seed) = point.seed else { return Ok(()) };
        let mut rng = Rng::with_seed(seed);
        for entry in &self.recording.log.entries[point.flushed..point.asked] {
            // Nothing, all, or any sectors of it.
            let way = if entry.is_fua { 1 } else { rng.u32(..4) };
            let sectors = self.recording.log.data(entry).chunks(SECTOR_LEN);
            for (sector, at) in sectors.zip((entry.offset..).step_by(SECTOR_LEN)) {
                if way == 1 || way > 1 && rng.bool() {
                    file.write_all_at(sector, at)?;
                }
            }
        }
        Ok(())
    }

    /// Mounts the image, which recovers the file system, and judges the store in it.
    fn judge(&self, point: &Point, tally: &mut Tally) -> Result<(), String> {
        let end = self.recording.log.entries[point.asked - 1].end;
        let events = self.recording.events_until(end);
        let Ok(mounted) = Mounted::new(self.kind, &self.image, &self.folder.join("mounted")) else {
            tally.refused += 1;
            return Ok(());
        };
        let judged = self.life.judge(&mounted.at().join("store"), &events, &[]);
        drop(mounted);
        match judged {
            Ok(Left { end: End::Done, .. }) => {}
            Ok(Left { complaint, .. })
                if could_not_judge(&complaint) && complaint.contains(DAMAGED) =>
            {
                tally.refused += 1;
                return Ok(());
            }
            Ok(Left { complaint, .. }) => return Err(self.told(point, &complaint, &events)),
            Err(wrong) => return Err(self.told(point, &wrong, &events)),
        }
        tally.judged += 1;
        tally.torn += u64::from(point.asked > point.flushed);
        tally.acknowledged += u64::from(events.contains("Acknowledged"));
        Ok(())
    }

    /// A failure, with all that is needed to see it again: what a device was asked for does not follow from the seed alone.
    fn told(&self, point: &Point, wrong: &str, events: &str) -> String {
        let before = self.folder.join("before");
        let (kind, seed) = (self.kind.name(), self.life.seed);
        // The judge has changed the image.
        let built = copy_image(&self.recording.base(), &before)
            .and_then(|()| {
                let flushed = &self.recording.log.entries[..point.flushed];
                self.recording.log.write(flushed, &before).map_err(|error| error.to_string())
            })
            .and_then(|()| fs::rename(&before, &self.image).map_err(|error| error.to_string()))
            .and_then(|()| self.tear(point).map_err(|error| error.to_string()));
        let image = built.map_or_else(|error| format!("no image: {error}"), |()| String::new());
        let repeat = format!(
            "mount -o loop image MNT\n{} < events\n",
            self.life.shown("judge", &[]).replace("STORE", "MNT/store")
        );
        let kept =
            evidence::keep(&[("events", events), ("repeat", &repeat)], &[("image", &self.image)]);
        format!(
            "seed {seed} on {kind}, {point:?}: {}\nto repeat it:\n{repeat}{kept}{image}",
            wrong.trim()
        )
    }
}
