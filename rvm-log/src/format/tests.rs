//! Guards against documentation that drifts from the code: what `docs/format.md` says in tables is rendered here anew.

use std::fmt::Write as _;

use rvm_storage::SegmentName;

use super::archive;
use super::checksum::{Checksums, Running};
use super::fields::{
    ARCHIVE_FRAME, ARCHIVE_HEADER, DEPENDENCY, PARTICIPANT, Put, RECORD_HEADER, RECORD_TRAILER,
    SLOT, len_of, offset_of, render,
};
use super::header::{FEATURES, SLOT_CRC_OFFSET, SLOT_LEN, VERSION};
use super::record::{
    DEPENDENCY_LEN, Draft, HEADER_LEN, PARTICIPANT_LEN, RECORD_ALIGN, TRAILER_LEN,
};
use super::varint;
use crate::ids::{Lsn, Salt, TxnId};
use crate::ring::{BLOCK_LEN, CAPACITY_LIMIT, CAPACITY_MIN, DATA_START, RECORD_LEN_LIMIT};

const DOCUMENT: &str = include_str!("../../../docs/format.md");

fn assert_documented(text: &str) {
    let block = format!("```text\n{text}```\n");
    assert!(DOCUMENT.contains(&block), "docs/format.md should hold\n{block}");
}

/// The table of constants as the document shows it.
fn constants() -> String {
    let rows: [(&str, u64, &str); 24] = [
        ("format version", VERSION.into(), "in each slot"),
        ("known feature bits", FEATURES.into(), "none exist"),
        ("BLOCK_LEN", BLOCK_LEN, "unit of forced writes, and of the ring"),
        ("SLOT_LEN", len(SLOT_LEN), "one header slot"),
        (
            "SLOT_CRC_OFFSET",
            len(SLOT_CRC_OFFSET),
            "place of a slot's checksum; it covers the bytes before it",
        ),
        ("DATA_START", DATA_START, "the ring begins here, behind the two slots"),
        ("CAPACITY_MIN", CAPACITY_MIN, "smallest ring"),
        ("CAPACITY_LIMIT", CAPACITY_LIMIT, "largest ring"),
        ("LSN limit", Lsn::LIMIT.0, "no LSN, epoch or transaction id reaches it"),
        ("segment length max", i64::MAX.unsigned_abs(), "largest `segment_len`"),
        ("segment name max", len(SegmentName::LEN_MAX), "bytes of a segment's name"),
        ("RECORD_ALIGN", RECORD_ALIGN, "records start and end at multiples of it"),
        ("HEADER_LEN", len(HEADER_LEN), "fixed header of a record"),
        (
            "header checksum at",
            len(offset_of(RECORD_HEADER, "header_crc")),
            "it covers the bytes before it",
        ),
        ("PARTICIPANT_LEN", len(PARTICIPANT_LEN), "one participant"),
        ("DEPENDENCY_LEN", len(DEPENDENCY_LEN), "one dependency"),
        ("TRAILER_LEN", len(TRAILER_LEN), "end of a record"),
        ("record min", shortest_record(), "a record with nothing in it"),
        ("record max", RECORD_LEN_LIMIT, "what `total_len` can say"),
        ("ranges max", u32::MAX.into(), "what `range_count` can say"),
        ("participants max", u16::MAX.into(), "what `participant_count` can say"),
        ("dependencies max", u16::MAX.into(), "what `dependency_count` can say"),
        ("label max", u8::MAX.into(), "what `label_len` can say"),
        ("LEB128 max", len(varint::LEN_MAX), "bytes of one integer"),
    ];
    render_constants(&rows)
}

fn render_constants(rows: &[(&str, u64, &str)]) -> String {
    let mut text = String::from("constant                          value  meaning\n");
    for (name, value, meaning) in rows {
        let room = 39 - name.len();
        writeln!(text, "{name}{value:>room$}  {meaning}").unwrap();
    }
    text
}

fn len(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap()
}

fn shortest_record() -> u64 {
    Draft::new(TxnId(1), std::iter::empty()).measure().unwrap().total_len.into()
}

/// Guards against a table, or a number that the prose leans on, that the code has left behind.
#[test]
fn the_document_holds_every_table() {
    for table in [SLOT, RECORD_HEADER, PARTICIPANT, DEPENDENCY, RECORD_TRAILER] {
        assert_documented(&render(table));
    }
    assert_documented(&constants());
}

/// The table of an archive's constants as the document shows it.
fn archive_constants() -> String {
    let rows: [(&str, u64, &str); 7] = [
        ("archive version", archive::ARCHIVE_VERSION.into(), "in each header of an archive"),
        ("archive feature bits", archive::ARCHIVE_FEATURES.into(), "none exist"),
        ("FRAMES_START", archive::FRAMES_START, "the first frame begins here"),
        ("FRAME_HEADER_LEN", len(archive::FRAME_HEADER_LEN), "fixed header of a frame"),
        ("FRAME_TRAILER_LEN", archive::FRAME_TRAILER_LEN, "end of a frame"),
        ("FRAME_ALIGN", archive::FRAME_ALIGN, "frames start and end at multiples of it"),
        (
            "CHUNK_LEN",
            archive::CHUNK_LEN,
            "longest piece of a base; frames of more than one record are no longer",
        ),
    ];
    render_constants(&rows)
}

/// Guards against a table of the archive, or a number, that the code has left behind.
#[test]
fn the_document_holds_the_tables_of_the_archive() {
    for table in [ARCHIVE_HEADER, ARCHIVE_FRAME] {
        assert_documented(&render(table));
    }
    assert_documented(&archive_constants());
    let crc = ARCHIVE_FRAME.iter().find(|field| field.name == "header_crc").unwrap();
    let before = archive::FRAME_HEADER_LEN - crc.len;
    assert!(crc.meaning.contains(&format!("the {before} bytes before")));
}

/// Guards against limits in a table's words that are not the code's.
#[test]
fn the_tables_name_the_limits_of_the_code() {
    let meaning = |name: &str| SLOT.iter().find(|field| field.name == name).unwrap().meaning;
    let capacity =
        format!("a multiple of {BLOCK_LEN} from {CAPACITY_MIN} to 2^{}", CAPACITY_LIMIT.ilog2());
    assert!(meaning("capacity").contains(&capacity));
    let head = format!("a multiple of {RECORD_ALIGN} below 2^{}", Lsn::LIMIT.0.ilog2());
    assert!(meaning("head").contains(&head));
    assert_eq!(meaning("segment_name_len"), format!("1 to {}", SegmentName::LEN_MAX));
    let crc = RECORD_HEADER.iter().find(|field| field.name == "header_crc").unwrap();
    assert!(crc.meaning.contains(&format!("the {} bytes before", HEADER_LEN - crc.len)));
    assert_eq!((CAPACITY_LIMIT.count_ones(), Lsn::LIMIT.0.count_ones()), (1, 1));
    // The fields of the counts are as wide as the document's limits say.
    for (field, bits) in [("range_count", 32), ("participant_count", 16), ("label_len", 8)] {
        let row = RECORD_HEADER.iter().find(|row| row.name == field).unwrap();
        assert_eq!(row.len * 8, bits, "{field}");
    }
    assert!(len_of(SLOT) <= SLOT_CRC_OFFSET);
}

/// Guards against an example record that is not the golden one.
#[test]
fn the_document_shows_the_golden_record() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/v1/record.bin");
    let mut dump = String::new();
    for (row, bytes) in std::fs::read(path).unwrap().chunks(16).enumerate() {
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(dump, "{:2}  {}", row * 16, hex.join(" ")).unwrap();
    }
    assert_documented(&dump);
}

/// Guards against another polynomial, another seed, or another form of integers than the document says.
#[test]
fn the_document_names_the_checksum_and_the_integers() {
    let check = Running::UNSEEDED.over(b"123456789").value();
    assert!(DOCUMENT.contains(&format!("`{check:08x}`")));
    let (salt, lsn, bytes) = (Salt(*b"0123456789abcdef"), Lsn(0x0807_0605_0403_0201), b"bytes");
    let seeded = Checksums::new(salt).at(lsn).over(bytes).value();
    let spelled_out = b"0123456789abcdef\x01\x02\x03\x04\x05\x06\x07\x08bytes";
    assert_eq!(seeded, Running::UNSEEDED.over(spelled_out).value());

    let mut out = [0; varint::LEN_MAX];
    varint::put(&mut Put(&mut out), 300);
    assert!(DOCUMENT.contains(&format!("300 is `{:02x} {:02x}`", out[0], out[1])));
    assert_eq!(varint::len(u64::MAX), u64::try_from(varint::LEN_MAX).unwrap());
}

/// Guards against a fenced block that rustdoc would take for code, and against characters that terminals lack.
#[test]
fn the_document_is_plain_text() {
    assert!(DOCUMENT.is_ascii());
    let fences = DOCUMENT.lines().filter(|line| line.starts_with("```"));
    for (at, fence) in fences.enumerate() {
        assert_eq!(fence, if at % 2 == 0 { "```text" } else { "```" });
    }
}

/// Guards against half of a value where there is no room for the whole, and against a later one in its place.
#[test]
fn what_does_not_fit_is_left_out_with_all_behind_it() {
    let mut bytes = [0xff; 6];
    Put(&mut bytes).u16(1).u64(2).u32(3).u8(4);
    assert_eq!(bytes, [1, 0, 0xff, 0xff, 0xff, 0xff]);
}
