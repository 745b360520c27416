//! What the kernel asks of the mount, passed on to the drive.
//!
//! Everything that promises durability is answered by the drive, and nothing of it by `ENOSYS`, which the kernel would take for a
//! promise that is always kept. `ENOSYS` is left for what has no effect here: extended attributes, `access`, seeking for holes.

use std::ffi::OsStr;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation,
    INodeNo, InitFlags, KernelConfig, LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate,
    ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyWrite, Request, TimeOrNow,
    WriteFlags,
};
use rustix::fs::OFlags;

use super::drive::{Answer, Drive, Facts};
use super::inodes::ROOT;

/// The kernel believes no name and no length without asking again.
const NO_TIME: Duration = Duration::ZERO;

/// Pages stay in the kernel's cache when a file is opened again, as those of a file system on a disk do.
const OPENED: FopenFlags = FopenFlags::FOPEN_KEEP_CACHE;

const DIRECTORY_MODE: u16 = 0o700;
const FILE_MODE: u16 = 0o600;
const BLOCK_LEN: u32 = 4096;
const SECTOR_LEN: u64 = 512;

/// The file system.
#[derive(Debug)]
pub(super) struct PowerFail {
    pub(super) drive: Arc<Drive>,
    pub(super) manner: Manner,
}

/// In what file systems differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Manner {
    /// The kernel keeps what is written until it is forced, or for some seconds.
    pub(super) writeback: bool,
    /// Files can be opened with `O_DIRECT`; else all forces go through the kernel's cache.
    pub(super) direct: bool,
}

impl Filesystem for PowerFail {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> io::Result<()> {
        if self.manner.writeback {
            let wanted = InitFlags::FUSE_WRITEBACK_CACHE;
            config.add_capabilities(wanted).map_err(|_| io::ErrorKind::Unsupported)?;
        }
        Ok(())
    }

    fn lookup(&self, _: &Request, _: INodeNo, name: &OsStr, reply: ReplyEntry) {
        match self.drive.look().and_then(|mut served| served.find(name)) {
            Ok(facts) => reply.entry(&NO_TIME, &file(facts), Generation(0)),
            Err(errno) => reply.error(errno),
        }
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        answer_facts(self.facts(ino), reply);
    }

    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        _mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _fh: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let resized = size.map_or(Ok(()), |len| self.drive.change()?.resize(ino.0, len));
        answer_facts(resized.and_then(|()| self.facts(ino)), reply);
    }

    fn create(
        &self,
        _: &Request,
        _parent: INodeNo,
        name: &OsStr,
        _mode: u32,
        _umask: u32,
        flags: i32,
        reply: ReplyCreate,
    ) {
        let created = || {
            let mut served = self.drive.change()?;
            let facts = served.create(name)?;
            let handle = served.open(facts.number, has(flags, OFlags::DSYNC))?;
            Ok((facts, FileHandle(handle)))
        };
        match created() {
            Ok((facts, handle)) => {
                reply.created(&NO_TIME, &file(facts), Generation(0), handle, OPENED);
            }
            Err(errno) => reply.error(errno),
        }
    }

    fn unlink(&self, _: &Request, _parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        answer(self.drive.change().and_then(|mut served| served.remove(name)), reply);
    }

    fn rename(
        &self,
        _: &Request,
        _parent: INodeNo,
        name: &OsStr,
        _newparent: INodeNo,
        newname: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        if !RenameFlags::RENAME_NOREPLACE.contains(flags) {
            return reply.error(Errno::EINVAL);
        }
        answer(self.drive.change().and_then(|mut served| served.rename(name, newname)), reply);
    }

    fn open(&self, _: &Request, ino: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        if has(flags.0, OFlags::DIRECT) && !self.manner.direct {
            return reply.error(Errno::EINVAL);
        }
        let opened = self.drive.look();
        match opened.and_then(|mut served| served.open(ino.0, has(flags.0, OFlags::DSYNC))) {
            Ok(handle) => reply.opened(FileHandle(handle), OPENED),
            Err(errno) => reply.error(errno),
        }
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let read = self.drive.look().and_then(|served| served.read(ino.0, offset, size as usize));
        match read {
            Ok(bytes) => reply.data(&bytes),
            Err(errno) => reply.error(errno),
        }
    }

    fn write(
        &self,
        _: &Request,
        ino: INodeNo,
        fh: FileHandle,
        offset: u64,
        data: &[u8],
        write_flags: WriteFlags,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        // The kernel writes pages back through any handle of the file.
        let through = (!write_flags.contains(WriteFlags::FUSE_WRITE_CACHE)).then_some(fh.0);
        let served = self.drive.change();
        match served.and_then(|mut served| served.write(ino.0, through, offset, data)) {
            Ok(()) => reply.written(u32::try_from(data.len()).unwrap_or(u32::MAX)),
            Err(errno) => reply.error(errno),
        }
    }

    fn flush(
        &self,
        _: &Request,
        _ino: INodeNo,
        _fh: FileHandle,
        _lock_owner: LockOwner,
        reply: ReplyEmpty,
    ) {
        // Comes with every close, and promises nothing.
        reply.ok();
    }

    fn release(
        &self,
        _: &Request,
        _ino: INodeNo,
        fh: FileHandle,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        _flush: bool,
        reply: ReplyEmpty,
    ) {
        answer(self.drive.look().map(|mut served| served.close(fh.0)), reply);
    }

    /// Both of `fsync` and `fdatasync`: the drive forces length and bytes together.
    fn fsync(&self, _: &Request, ino: INodeNo, fh: FileHandle, _: bool, reply: ReplyEmpty) {
        answer(self.drive.change().and_then(|mut served| served.force(ino.0, fh.0)), reply);
    }

    fn readdir(
        &self,
        _: &Request,
        _ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        match self.drive.look().and_then(|served| served.names()) {
            Ok(names) => {
                let dots = [".", ".."].map(|name| (FileType::Directory, name.to_owned()));
                let files = names.into_iter().map(|name| (FileType::RegularFile, name));
                let entries = (1..).zip(dots.into_iter().chain(files));
                // The numbers of files are told when they are looked up; here they must only not be 0.
                for (next, (kind, name)) in entries.skip_while(|(next, _)| *next <= offset) {
                    if reply.add(INodeNo(ROOT), next, kind, name) {
                        break;
                    }
                }
                reply.ok();
            }
            Err(errno) => reply.error(errno),
        }
    }

    fn fsyncdir(&self, _: &Request, _: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        answer(self.drive.change().and_then(|mut served| served.sync_names()), reply);
    }

    fn fallocate(
        &self,
        _: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        length: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        if mode != 0 {
            return reply.error(Errno::EOPNOTSUPP);
        }
        let end = offset.saturating_add(length);
        answer(self.drive.change().and_then(|mut served| served.reserve(ino.0, end)), reply);
    }
}

impl PowerFail {
    fn facts(&self, ino: INodeNo) -> Answer<FileAttr> {
        let served = self.drive.look()?;
        if ino.0 == ROOT { Ok(directory()) } else { served.facts(ino.0).map(file) }
    }
}

fn answer(done: Answer<()>, reply: ReplyEmpty) {
    match done {
        Ok(()) => reply.ok(),
        Err(errno) => reply.error(errno),
    }
}

fn answer_facts(facts: Answer<FileAttr>, reply: ReplyAttr) {
    match facts {
        Ok(facts) => reply.attr(&NO_TIME, &facts),
        Err(errno) => reply.error(errno),
    }
}

/// Whether a file is opened with a bit of this flag. The constant for `O_DSYNC` is `O_SYNC`, which has the bit of both.
fn has(flags: i32, flag: OFlags) -> bool {
    OFlags::from_bits_retain(flags.cast_unsigned()).intersects(flag)
}

fn directory() -> FileAttr {
    let facts = Facts { number: ROOT, len: 0, links: 2 };
    FileAttr { kind: FileType::Directory, perm: DIRECTORY_MODE, ..file(facts) }
}

fn file(facts: Facts) -> FileAttr {
    let (start, mine) = (SystemTime::UNIX_EPOCH, rustix::process::getuid().as_raw());
    FileAttr {
        ino: INodeNo(facts.number),
        size: facts.len,
        blocks: facts.len.div_ceil(SECTOR_LEN),
        atime: start,
        mtime: start,
        ctime: start,
        crtime: start,
        kind: FileType::RegularFile,
        perm: FILE_MODE,
        nlink: facts.links,
        uid: mine,
        gid: rustix::process::getgid().as_raw(),
        rdev: 0,
        blksize: BLOCK_LEN,
        flags: 0,
    }
}
