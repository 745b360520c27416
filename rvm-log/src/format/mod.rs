#![doc = include_str!("../../../docs/format.md")]

pub mod archive;
pub mod checksum;
pub mod fields;
pub mod header;
pub mod record;
mod varint;

#[cfg(test)]
mod tests;
