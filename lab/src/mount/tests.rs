//! What the kernel makes of what programs do on a mount: the facts that the head of the module states. The programs are other
//! processes, as always: `dd`, `sync`, `mv` and `fallocate` do one thing each.

use std::io::{Read, Write as _};
use std::process::{Command, Output, Stdio};

use rvm_core::rvm_storage::sim::{Failure, Fault, OperationKind};
use rvm_core::rvm_storage::{FileName, Storage};

use super::device::Device;
use super::file_system::Manner;
use super::power::{How, Stop};
use super::session::{Mounted, why_not};
use super::workplace::Workplace;

/// A mount of an empty disk, or of this one; `None`, and a word about it, where there can be none.
fn mounted(device: Device, stop: Option<Stop>, writeback: bool) -> Option<(Workplace, Mounted)> {
    if let Some(reason) = why_not() {
        println!("skipped: {reason}");
        return None;
    }
    let mut workplace = Workplace::new().unwrap();
    let manner = Manner { writeback, direct: true };
    let mount = Mounted::new(workplace.next_mount(), device, stop, manner).unwrap();
    Some((workplace, mount))
}

/// Runs a command in which `@` stands for the mount's directory.
fn sh(mount: &Mounted, command: &str) -> Output {
    let command = command.replace('@', &mount.path().display().to_string());
    let output = Command::new("sh").args(["-c", &command]).current_dir("/").output().unwrap();
    println!("{command}: {} {}", output.status, String::from_utf8_lossy(&output.stderr));
    output
}

fn kinds(mount: &Mounted) -> Vec<OperationKind> {
    mount.drive().operations().iter().map(|operation| operation.kind).collect()
}

fn on_medium(device: &Device, name: &str) -> Option<Vec<u8>> {
    device.storage.crash().read_file(&FileName::parse(name).unwrap())
}

const MAKE: &str = "tr '\\0' x < /dev/zero | head -c 8192 | dd of=@/a.seg bs=8192 iflag=fullblock";

/// Guards against a promise that the kernel makes by itself: a force, of a file or of names, that never comes here.
#[test]
fn everything_that_promises_durability_arrives() {
    use OperationKind::{Allocate, Create, Force, Rename, SetLen, SyncNames, Write, WriteAndForce};
    for writeback in [false, true] {
        let Some((_place, mount)) = mounted(Device::new(1), None, writeback) else { return };
        for (command, expected) in [
            ("fallocate -l 8192 @/.a.log.new", vec![Create, Allocate, Force]),
            ("sync @/.a.log.new", vec![Force]),
            ("mv -n @/.a.log.new @/a.log", vec![Rename]),
            ("sync @", vec![SyncNames]),
            (
                "dd if=/dev/zero of=@/a.log bs=4096 count=1 conv=notrunc,fdatasync",
                vec![Write, Force],
            ),
            ("sync -d @/a.log", vec![Force]),
            (
                "dd if=/dev/zero of=@/a.log bs=4096 count=1 seek=1 conv=notrunc oflag=direct,dsync",
                vec![Write, WriteAndForce],
            ),
            ("truncate -s 4096 @/a.log", vec![SetLen]),
            ("rm @/a.log", vec![OperationKind::Remove]),
        ] {
            let before = mount.drive().operations().len();
            assert!(sh(&mount, command).status.success());
            assert_eq!(kinds(&mount)[before..], expected, "{command}");
        }
        mount.end().unwrap();
    }
}

/// Guards against a drive that forces more than a disk would: a neighbour that was not forced must be lost.
#[test]
fn a_synchronous_write_forces_nothing_else() {
    let Some((_place, mount)) = mounted(Device::new(1), None, false) else { return };
    assert!(sh(&mount, &format!("{MAKE} conv=fsync && sync @")).status.success());
    assert!(sh(&mount, "dd if=/dev/zero of=@/a.seg bs=4096 count=1 conv=notrunc").status.success());
    let direct =
        "dd if=/dev/zero of=@/a.seg bs=4096 count=1 seek=1 conv=notrunc oflag=direct,dsync";
    assert!(sh(&mount, direct).status.success());
    let device = mount.drive().device();
    mount.end().unwrap();
    let bytes = on_medium(&device, "a.seg").unwrap();
    assert!(bytes[..4096].iter().all(|byte| *byte == b'x'), "it was not forced");
    assert!(bytes[4096..].iter().all(|byte| *byte == 0), "it was forced");
}

/// Guards against a mount under which no write waits in the kernel, where the power takes it before the disk has heard of it.
#[test]
fn writeback_keeps_bytes_from_the_disk_until_the_file_is_closed() {
    /// More blocks than a pipe holds: `dd` has read some when all are in it, and has written all of those but one.
    const BLOCKS: usize = 40;
    for writeback in [false, true] {
        let Some((_place, mount)) = mounted(Device::new(1), None, writeback) else { return };
        let mut dd = Command::new("dd");
        dd.args(["bs=4096", "iflag=fullblock", "status=none"]).stdin(Stdio::piped());
        dd.arg(format!("of={}/a.seg", mount.path().display()));
        let mut dd = dd.spawn().unwrap();
        let mut blocks = dd.stdin.take().unwrap();
        blocks.write_all(&vec![7; BLOCKS * 4096]).unwrap();
        let writes = |mount: &Mounted| {
            kinds(mount).into_iter().filter(|kind| *kind == OperationKind::Write).count()
        };
        assert_eq!(writes(&mount) == 0, writeback, "{} writes", writes(&mount));
        drop(blocks);
        assert!(dd.wait().unwrap().success());
        assert!(writes(&mount) > 0);
        mount.end().unwrap();
    }
}

/// Guards against a mount on which a failed force is noticed by the next reader: the trap of the page cache must be there.
#[test]
fn the_cache_shows_what_a_failed_force_lost_until_it_is_dropped() {
    for writeback in [false, true] {
        let device = Device::new(1);
        let storage = device.storage.clone();
        let Some((_place, mount)) = mounted(device, None, writeback) else { return };
        assert!(sh(&mount, &format!("{MAKE} conv=fsync")).status.success());
        storage.inject(Fault::nth(0, Failure::LostForce).of(OperationKind::Force));
        let write = "dd if=/dev/zero of=@/a.seg bs=8192 count=1 conv=notrunc";
        assert!(!sh(&mount, &format!("{write},fsync")).status.success());
        assert_eq!(storage.faults_fired(), 1);
        let read = "cat @/a.seg";
        assert!(
            sh(&mount, "sync @/a.seg").status.success(),
            "a force that is tried again says yes"
        );
        assert_eq!(sh(&mount, read).stdout, [0; 8192], "the cache");
        assert!(sh(&mount, "dd if=@/a.seg iflag=nocache count=0").status.success());
        assert_eq!(sh(&mount, read).stdout, [b'x'; 8192], "the medium");
        mount.end().unwrap();
    }
}

/// Guards against a disk that answers behind a power cut, or that has done what it did not answer.
#[test]
fn nothing_is_answered_behind_the_cut() {
    let stop = Stop { at: 2, how: How::Cut };
    let Some((_place, mount)) = mounted(Device::new(1), Some(stop), false) else { return };
    // Made, written, and then the force.
    assert!(!sh(&mount, &format!("{MAKE} conv=fsync")).status.success());
    assert!(mount.drive().power_is_gone() && mount.drive().progress() == (2, true));
    assert!(!sh(&mount, "cat @/a.seg").status.success());
    assert!(!sh(&mount, "ls @").status.success());
    let moment = mount.drive().moment();
    mount.end().unwrap();
    let mut rng = fastrand::Rng::with_seed(0);
    let found = (0..64).map(|_| moment.draw(&mut rng).device().storage.list().unwrap().len());
    let mut counts: Vec<usize> = found.collect();
    counts.sort_unstable();
    counts.dedup();
    assert_eq!(counts, [0, 1], "its name was not synced: there or not");
}

/// Guards against a mount, a process or a directory that is left behind when something went wrong.
#[test]
fn a_mount_in_use_goes_away() {
    let Some((place, mount)) = mounted(Device::new(1), None, false) else { return };
    assert!(sh(&mount, MAKE).status.success());
    let path = mount.path().to_owned();
    let mut sleeper = Command::new("sh");
    sleeper.args(["-c", &format!("exec 9<{}/a.seg; echo; exec sleep 60", path.display())]);
    let mut sleeper = sleeper.stdout(Stdio::piped()).spawn().unwrap();
    let mut said = [0];
    sleeper.stdout.as_mut().unwrap().read_exact(&mut said).unwrap();
    drop(mount);
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
    assert!(!mounts.contains(&*path.display().to_string()), "{mounts}");
    drop(place);
    assert!(!path.exists());
}
