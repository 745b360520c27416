//! What the ring's arithmetic must never do: overlap the tail's block with live bytes, or leave the file.

use proptest::prelude::*;

use super::*;

fn ring(blocks: u64) -> Ring {
    Ring::new(blocks * BLOCK_LEN).unwrap()
}

/// Guards against a ring that is no whole number of blocks, or has a size outside the limits.
#[test]
fn only_whole_blocks_within_the_limits_make_a_ring() {
    for good in [CAPACITY_MIN, CAPACITY_MIN + BLOCK_LEN, CAPACITY_LIMIT] {
        assert_eq!(Ring::new(good).map(Ring::capacity), Some(good));
    }
    for bad in
        [0, 1, BLOCK_LEN, CAPACITY_MIN - BLOCK_LEN, CAPACITY_MIN + 1, CAPACITY_LIMIT + BLOCK_LEN]
    {
        assert_eq!(Ring::new(bad), None, "{bad}");
    }
    assert_eq!(Ring::new(u64::MAX), None);
}

/// Guards against an off-by-one at a block's edge: there a position starts a block, and ends the one before.
#[test]
fn blocks_start_and_end_at_their_edges() {
    for (lsn, start, end) in [
        (0, 0, 0),
        (1, 0, BLOCK_LEN),
        (BLOCK_LEN - 1, 0, BLOCK_LEN),
        (BLOCK_LEN, BLOCK_LEN, BLOCK_LEN),
        (BLOCK_LEN + 1, BLOCK_LEN, 2 * BLOCK_LEN),
    ] {
        assert_eq!((block_start(Lsn(lsn)), block_end(Lsn(lsn))), (Lsn(start), Lsn(end)), "{lsn}");
    }
}

/// Guards against an overflow where a hostile file, or a caller's sum, is far beyond any log.
#[test]
fn nothing_overflows_at_the_far_end() {
    let ring = Ring::new(CAPACITY_LIMIT).unwrap();
    let far = Lsn(u64::MAX);
    assert!(block_end(far) <= far);
    assert!(!ring.fits(Lsn(0), far));
    assert!(ring.limit(far) >= block_start(far));
    assert!(ring.file_offset(far) < ring.file_len());
    assert!(ring.fits(far, Lsn(0)), "nothing is live");
}

/// Guards against a tail that writes over the head: the block of the end must not be that of live bytes a lap before.
#[test]
fn the_block_of_the_tail_never_holds_live_bytes_of_the_head() {
    let ring = ring(8);
    let capacity = ring.capacity();
    for head in [0, 8, 100, BLOCK_LEN - 8, BLOCK_LEN] {
        let first_block = head - head % BLOCK_LEN;
        for end in (head..head + capacity + 2 * BLOCK_LEN).step_by(8) {
            let last_written = end.next_multiple_of(BLOCK_LEN);
            let safe = last_written <= first_block + capacity;
            assert_eq!(ring.fits(Lsn(head), Lsn(end)), safe, "[{head}, {end})");
            assert_eq!(Lsn(end) <= ring.limit(Lsn(head)), safe, "[{head}, {end})");
        }
    }
}

/// Guards against a record that is promised to fit and does not, at any place of the tail in its block.
#[test]
fn the_longest_record_fits_wherever_the_tail_is() {
    for blocks in [8, 9, 100] {
        let ring = ring(blocks);
        for end in (0..2 * BLOCK_LEN).step_by(8) {
            assert!(ring.fits(Lsn(end), Lsn(end + ring.record_len_max())), "{end}");
        }
    }
    assert_eq!(Ring::new(CAPACITY_LIMIT).unwrap().record_len_max(), RECORD_LEN_LIMIT);
    assert_eq!(u32::try_from(RECORD_LEN_LIMIT).unwrap(), u32::MAX / 8 * 8);
}

proptest! {
    /// Guards against a position whose bytes lie in the header pair or behind the file, or that wraps at the wrong byte.
    #[test]
    fn every_stretch_lies_in_the_file_in_two_pieces(
        blocks in 8_u64..64, lsn in 0_u64..1 << 40, len in 0_u64..64 * BLOCK_LEN,
    ) {
        let ring = ring(blocks);
        let len = len.min(ring.capacity());
        let first = ring.before_wrap(Lsn(lsn), len);
        prop_assert!(first <= len);
        prop_assert!(ring.file_offset(Lsn(lsn)) >= DATA_START);
        prop_assert!(ring.file_offset(Lsn(lsn)) + first <= ring.file_len());
        if first < len {
            prop_assert_eq!(ring.file_offset(Lsn(lsn)) + first, ring.file_len());
            prop_assert_eq!(ring.file_offset(Lsn(lsn + first)), DATA_START);
            prop_assert!(len - first <= lsn % ring.capacity());
        }
    }
}
