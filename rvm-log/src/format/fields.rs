//! The tables of the format: the fields of each fixed structure, in order. Offsets and lengths are computed from them,
//! and a test renders them and compares them with `docs/format.md`.

use std::fmt::Write as _;

use rvm_storage::SegmentName;

/// One field of a fixed structure.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The name, as in the code.
    pub name: &'static str,
    /// The length in bytes.
    pub len: usize,
    /// What it means and which values are valid.
    pub meaning: &'static str,
}

const fn field(name: &'static str, len: usize, meaning: &'static str) -> Field {
    Field { name, len, meaning }
}

/// One slot of a log file's header pair, without the zeros up to its checksum.
pub const SLOT: &[Field] = &[
    field("magic", 8, "the bytes `RVM-LOG` and a line feed"),
    field("version", 4, "1; the place of magic, version and crc never changes"),
    field("features", 4, "feature bits that a reader must know; none exist, so 0"),
    field("generation", 8, "the slot with the higher one counts; at least 1"),
    field("store_id", 16, "drawn when the store's first log was made"),
    field("log_id", 8, "drawn when this log was made; not 0"),
    field("segment_len", 8, "the `.seg` file is at least this long, in bytes"),
    field("epoch", 8, "counts the store's recoveries, from 1"),
    field("salt", 16, "seeds the records' checksums; drawn for each epoch"),
    field("capacity", 8, "bytes of the ring: a multiple of 4096 from 32768 to 2^40"),
    field("head", 8, "LSN where the live records start; a multiple of 8 below 2^62"),
    field("prev_end", 8, "LSN where the previous epoch was cut; at most head"),
    field("synced", 8, "no crash takes back what lies below; at least head, within the ring"),
    field("txn_id_max", 8, "the highest transaction id of all records below synced"),
    field("clean", 4, "1 after a shutdown that ended at synced, else 0"),
    field("segment_name_len", 4, "1 to 200"),
    field("segment_name", SegmentName::LEN_MAX, "the segment's name; the rest is zeros"),
];

/// The fixed header of a record.
pub const RECORD_HEADER: &[Field] = &[
    field("magic", 4, "the bytes `RVMr`"),
    field("total_len", 4, "bytes of the whole record, trailer included; a multiple of 8"),
    field("lsn", 8, "the record's own position"),
    field("epoch", 8, "that of the log's header"),
    field("txn_id", 8, "the transaction; at least 1"),
    field("commit_time", 8, "nanoseconds since 1970, for people; nothing rests on it"),
    field(
        "synced",
        8,
        "LSN up to which this log was durable when the record's first force began; at most lsn",
    ),
    field("range_count", 4, "how many ranges follow"),
    field("participant_count", 2, "how many other logs hold a part of the transaction"),
    field("dependency_count", 2, "how many logs the transaction was given and did not write"),
    field("label_len", 1, "bytes of the label"),
    field("flags", 1, "bit 0: committed lazily; the others are 0"),
    field("reserved", 2, "0"),
    field("header_crc", 4, "over the 60 bytes before, seeded"),
];

/// One entry of a record's list of other participants.
pub const PARTICIPANT: &[Field] = &[
    field("log_id", 8, "the other log"),
    field("epoch", 8, "its epoch"),
    field("lsn", 8, "where the transaction's record starts there"),
    field("total_len", 4, "that record's length"),
    field("part_crc", 4, "CRC-32C, not seeded, over that record's ranges, label and data"),
];

/// One entry of a record's list of dependencies.
pub const DEPENDENCY: &[Field] = &[
    field("log_id", 8, "the other log"),
    field("epoch", 8, "its epoch"),
    field("lsn", 8, "its end when the transaction committed"),
];

/// The end of a record.
pub const RECORD_TRAILER: &[Field] = &[
    field("body_crc", 4, "over all between the fixed header and this field, seeded"),
    field("total_len", 4, "as in the header, so that a tool can walk backwards"),
];

/// One of the two copies of an archive's header, without the zeros up to its checksum.
pub const ARCHIVE_HEADER: &[Field] = &[
    field("magic", 8, "the bytes `RVM-ARC` and a line feed"),
    field("version", 4, "1; the place of magic, version and crc never changes"),
    field("features", 4, "feature bits that a reader must know; none exist, so 0"),
    field("store_id", 16, "that of the store's logs"),
    field("salt", 16, "seeds the checksums of the frames; drawn when the archive was made"),
    field("segment_name_len", 4, "1 to 200"),
    field("segment_name", SegmentName::LEN_MAX, "the segment's name; the rest is zeros"),
];

/// The fixed header of a frame of an archive.
pub const ARCHIVE_FRAME: &[Field] = &[
    field("magic", 4, "the bytes `RVMa`"),
    field("kind", 1, "1 base, 2 records, 3 length, 4 destroyed, 5 stopped"),
    field("flags", 1, "bit 0: compressed; of a base, 1: its first, 2: its last, 3: created"),
    field("reserved", 2, "0"),
    field("offset", 8, "the frame's own place in the file"),
    field("durable", 8, "the file was forced up to here before the frame was written"),
    field("log_id", 8, "the log; not 0"),
    field("epoch", 8, "that of the records; of the log's header in other kinds"),
    field("salt", 16, "seeds the records' checksums"),
    field("from", 8, "LSN where the records start; in other kinds the same as to"),
    field("to", 8, "LSN where they end, or that the frame is about"),
    field("first_txn", 8, "the first record's transaction; in other kinds 0"),
    field("last_txn", 8, "the last record's transaction; else the store's newest then"),
    field("segment_len", 8, "the segment's length, as far as the archive knows"),
    field("time", 8, "the records' latest commit time; else when the frame was made"),
    field("chunk", 8, "where the bytes of a base lie in the segment; in other kinds 0"),
    field("raw_len", 4, "bytes of the payload before it was compressed"),
    field("stored_len", 4, "bytes of the payload as it lies behind this header"),
    field("payload_crc", 4, "over the payload as it lies there, seeded"),
    field("header_crc", 4, "over the 124 bytes before, seeded"),
];

/// The length of a structure, in bytes.
#[must_use]
pub const fn len_of(table: &[Field]) -> usize {
    offset_of(table, "")
}

/// Where a field starts; the length of the whole structure if there is no field of that name.
#[must_use]
#[expect(clippy::indexing_slicing, reason = "bounded by the loop, and evaluated at compile time")]
pub const fn offset_of(table: &[Field], name: &str) -> usize {
    let (mut offset, mut i) = (0, 0);
    while i < table.len() && !same(table[i].name, name) {
        offset += table[i].len;
        i += 1;
    }
    offset
}

#[expect(clippy::indexing_slicing, reason = "bounded by the loop, and evaluated at compile time")]
const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// The table as `docs/format.md` shows it.
#[must_use]
pub fn render(table: &[Field]) -> String {
    let mut text = String::from("offset  size  field              meaning\n");
    let mut offset = 0;
    for field in table {
        // Writing to a String cannot fail.
        writeln!(text, "{offset:6}  {:4}  {:<17}  {}", field.len, field.name, field.meaning).ok();
        offset += field.len;
    }
    text
}

/// Puts values one after the other into a byte slice. What does not fit is left out; the tables' sizes, or a record's measure, rule that out.
#[derive(Debug)]
pub(crate) struct Put<'a>(pub(crate) &'a mut [u8]);

impl Put<'_> {
    #[inline]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        let rest = std::mem::take(&mut self.0);
        if let Some((to, rest)) = rest.split_at_mut_checked(bytes.len()) {
            to.copy_from_slice(bytes);
            self.0 = rest;
        }
        self
    }

    /// As [`bytes`](Self::bytes), for a length that the compiler knows.
    #[inline]
    pub(crate) fn array<const N: usize>(&mut self, bytes: [u8; N]) -> &mut Self {
        let rest = std::mem::take(&mut self.0);
        if let Some((to, rest)) = rest.split_first_chunk_mut() {
            *to = bytes;
            self.0 = rest;
        }
        self
    }

    #[inline]
    pub(crate) fn u8(&mut self, value: u8) -> &mut Self {
        self.array([value])
    }

    #[inline]
    pub(crate) fn u16(&mut self, value: u16) -> &mut Self {
        self.array(value.to_le_bytes())
    }

    #[inline]
    pub(crate) fn u32(&mut self, value: u32) -> &mut Self {
        self.array(value.to_le_bytes())
    }

    #[inline]
    pub(crate) fn u64(&mut self, value: u64) -> &mut Self {
        self.array(value.to_le_bytes())
    }
}

/// Takes values one after the other from a byte slice; `None` where it has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Take<'a>(pub(crate) &'a [u8]);

impl<'a> Take<'a> {
    #[inline]
    pub(crate) fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    #[inline]
    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    #[inline]
    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    #[inline]
    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    #[inline]
    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}
