//! What is done to the bytes of a good file.

use layers::NumpyRandom;

/// Integers that lengths break at.
const LENGTHS: [u64; 14] = [
    0,
    1,
    7,
    8,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fff8,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    0xffff_ffff_ffff_ffff,
];

/// The same as text, and what else a parser of numbers may trip over.
const NUMBERS: [&str; 12] = [
    "0",
    "1",
    "-1",
    "4294967296",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e999",
    "-0.0",
    "nan",
    "0x10",
    "1e-400000",
];

/// Bytes that mean something to one format or another.
const BYTES: &[u8] = b"\n\r,\"\0{}[]:. \\\xff\xef\x0e\x0f\x05\x06\x09";

/// A source of mutations, all from one number.
pub(crate) struct Mutator(NumpyRandom);

impl Mutator {
    pub(crate) fn seed(case: u32) -> Self {
        Self(NumpyRandom::seed(case))
    }

    /// A whole number below `n`, 0 if `n` is 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((self.0.random_sample() * n as f64) as usize).min(n.saturating_sub(1))
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }

    /// One of the seeds with one to eight things done to it.
    pub(crate) fn file(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut file = seeds[self.below(seeds.len())].clone();
        // One thing alone often gets further than many together.
        let things = [1, 1 + self.below(8)][self.below(2)];
        for _ in 0..things {
            let other = &seeds[self.below(seeds.len())];
            self.mutate(&mut file, other);
        }
        file
    }

    /// Does one thing to the bytes; some come from `other`.
    pub(crate) fn mutate(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        match self.below(9) {
            0 => self.flip(bytes),
            1 => self.overwrite(bytes),
            2 => self.insert(bytes),
            3 => self.delete(bytes),
            4 => bytes.truncate(self.below(bytes.len() + 1)),
            5 => self.splice(bytes, other),
            6 => self.repeat(bytes),
            7 => self.length(bytes),
            _ => self.number(bytes),
        }
    }

    fn flip(&mut self, bytes: &mut [u8]) {
        let bit = self.below(8 * bytes.len());
        if let Some(byte) = bytes.get_mut(bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
    }

    fn byte(&mut self) -> u8 {
        match self.below(2) {
            0 => self.below(256) as u8,
            _ => BYTES[self.below(BYTES.len())],
        }
    }

    fn overwrite(&mut self, bytes: &mut [u8]) {
        let (at, byte) = (self.below(bytes.len()), self.byte());
        if let Some(old) = bytes.get_mut(at) {
            *old = byte;
        }
    }

    fn insert(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len() + 1);
        let new: Vec<u8> = (0..=self.below(8)).map(|_| self.byte()).collect();
        bytes.splice(at..at, new);
    }

    /// A part of some bytes, more often short than long.
    fn part(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        let longest = if self.below(4) > 0 { 16 } else { length };
        let end = (start + self.below(longest + 1)).min(length);
        start..end
    }

    fn delete(&mut self, bytes: &mut Vec<u8>) {
        let part = self.part(bytes.len());
        bytes.drain(part);
    }

    fn splice(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        let (old, new) = (self.part(bytes.len()), self.part(other.len()));
        bytes.splice(old, other[new].iter().copied());
    }

    fn repeat(&mut self, bytes: &mut Vec<u8>) {
        let part = self.part(bytes.len());
        let repeated = bytes[part.clone()].repeat(1 + self.below(4));
        bytes.splice(part.end..part.end, repeated);
    }

    /// Overwrites what may be a length, in either byte order.
    fn length(&mut self, bytes: &mut [u8]) {
        let size = [2, 4, 4, 8][self.below(4)];
        let at = self.below(bytes.len()) / 4 * 4;
        let Some(field) = bytes.get_mut(at..at + size) else {
            return;
        };
        let value = LENGTHS[self.below(LENGTHS.len())];
        match self.below(3) {
            0 => field.copy_from_slice(&value.to_be_bytes()[8 - size..]),
            1 => field.copy_from_slice(&value.to_le_bytes()[..size]),
            // One more or one less than it says.
            _ => field[0] = field[0].wrapping_add([1, 0xff][self.below(2)]),
        }
    }

    /// Replaces a number that is written in digits.
    fn number(&mut self, bytes: &mut Vec<u8>) {
        let start = self.below(bytes.len());
        let digit = |byte: &u8| byte.is_ascii_digit();
        let Some(skipped) = bytes[start..].iter().position(digit) else {
            return;
        };
        let start = start + skipped;
        let end = start + bytes[start..].iter().take_while(|b| digit(b)).count();
        let number = self.pick(&NUMBERS);
        bytes.splice(start..end, number.bytes());
    }
}
