//! From ranges that overlap, written one after the other, the pieces that remain: each byte once, the newest winning, in
//! offset order.

use std::collections::BinaryHeap;

/// A range of a segment and where its bytes lie in a batch. Later ones in a list are newer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Piece {
    /// The segment offset.
    pub(crate) offset: u64,
    /// The length in bytes.
    pub(crate) len: u64,
    /// Where the bytes start in the batch.
    pub(crate) at: u64,
}

/// Newer pieces are greater.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Active {
    age: usize,
    end: u64,
    offset: u64,
    at: u64,
}

/// Calls `emit` for the pieces that remain, in offset order. None overlap, none are empty.
pub(crate) fn resolve<E>(
    pieces: &[Piece],
    mut emit: impl FnMut(Piece) -> Result<(), E>,
) -> Result<(), E> {
    let mut by_offset: Vec<(usize, &Piece)> = pieces.iter().enumerate().collect();
    by_offset.sort_unstable_by_key(|(age, piece)| (piece.offset, *age));
    let mut coming = by_offset.into_iter().peekable();
    let mut active: BinaryHeap<Active> = BinaryHeap::new();
    let mut position = 0;
    loop {
        while let Some((age, piece)) = coming.next_if(|(_, piece)| piece.offset <= position) {
            let (offset, at) = (piece.offset, piece.at);
            active.push(Active { age, end: offset.saturating_add(piece.len), offset, at });
        }
        let next = coming.peek().map(|(_, piece)| piece.offset);
        match (active.peek(), next) {
            (Some(top), _) if top.end <= position => drop(active.pop()),
            (Some(top), _) => {
                // The newest here, up to where something else begins.
                let end = next.map_or(top.end, |next| top.end.min(next));
                let at = top.at + (position - top.offset);
                emit(Piece { offset: position, len: end - position, at })?;
                position = end;
            }
            (None, Some(next)) => position = next,
            (None, None) => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Guards against an older range that overwrites a newer one, a byte lost, or a byte written twice.
        #[test]
        fn replaying_the_pieces_is_replaying_the_ranges(
            ranges in prop::collection::vec((0_u64..60, 0_u64..20), 0..30),
        ) {
            let (mut expected, mut pieces, mut batch) = ([0_u8; 80], Vec::new(), Vec::new());
            for (age, (offset, len)) in ranges.into_iter().enumerate() {
                let byte = u8::try_from(age + 1).unwrap();
                pieces.push(Piece { offset, len, at: u64::try_from(batch.len()).unwrap() });
                for i in 0..len {
                    batch.push((byte, i));
                    expected[usize::try_from(offset + i).unwrap()] = byte;
                }
            }
            let (mut found, mut last) = ([0_u8; 80], 0);
            resolve(&pieces, |piece| {
                assert!(piece.offset >= last && piece.len > 0);
                last = piece.offset + piece.len;
                for i in 0..piece.len {
                    let (byte, _) = batch[usize::try_from(piece.at + i).unwrap()];
                    found[usize::try_from(piece.offset + i).unwrap()] = byte;
                }
                Ok::<(), ()>(())
            }).unwrap();
            prop_assert_eq!(found, expected);
        }
    }
}
