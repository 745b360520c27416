//! The damages that are done, one at a time.

use fastrand::Rng;

use super::specimen::Specimen;

const SECTOR_LEN: usize = 512;
const BLOCK_LEN: usize = 4096;

/// Bytes of one file replaced by others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Damage {
    /// Which of the specimen's files.
    pub file: usize,
    /// From which byte on.
    pub offset: usize,
    /// What stands there now.
    pub bytes: Vec<u8>,
}

/// Every single bit of every file flipped.
pub fn every_bit(specimen: &Specimen) -> impl Iterator<Item = Damage> {
    specimen.files.iter().enumerate().flat_map(|(file, (_, bytes))| {
        bytes.iter().enumerate().flat_map(move |(offset, byte)| {
            (0..8).map(move |bit| Damage { file, offset, bytes: vec![byte ^ (1 << bit)] })
        })
    })
}

/// One bit of every byte of every file flipped, not always the same.
pub fn every_byte(specimen: &Specimen) -> impl Iterator<Item = Damage> {
    every_bit(specimen).step_by(9)
}

/// Every sector and block of every file as zeros, as ones, as noise, as another piece of the same file, and as it was before the
/// last force; all that follows from `seed`. Those that change nothing are left out.
pub fn blocks(specimen: &Specimen, seed: u64) -> impl Iterator<Item = Damage> {
    let mut rng = Rng::with_seed(seed);
    let files = specimen.files.iter().zip(&specimen.before_last).enumerate();
    let mut damages = Vec::new();
    for (file, ((_, bytes), before)) in files {
        for len in [SECTOR_LEN, BLOCK_LEN] {
            for (index, piece) in bytes.chunks(len).enumerate() {
                let offset = index * len;
                let other = rng.usize(..bytes.len().div_ceil(len)) * len;
                let replacements = [
                    vec![0; piece.len()],
                    vec![0xff; piece.len()],
                    piece.iter().map(|_| rng.u8(..)).collect(),
                    bytes[other..].iter().take(piece.len()).copied().collect(),
                    before.iter().skip(offset).take(piece.len()).copied().collect(),
                ];
                let changing = replacements.into_iter().filter(|bytes| bytes != piece);
                damages.extend(changing.map(|bytes| Damage { file, offset, bytes }));
            }
        }
    }
    damages.into_iter()
}
