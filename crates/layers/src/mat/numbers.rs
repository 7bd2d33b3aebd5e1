//! Numbers: what one byte pattern of a storage type is worth.

use autodiff::Scalar;

use super::elements::{Body, Damage, Tag};
use super::header::ByteOrder;

/// How numbers are stored, which need not be the matrix's class: MATLAB saves doubles that are
/// small integers as bytes.
#[derive(Clone, Copy, Debug)]
enum Storage {
    Int8,
    UInt8,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Single,
    Double,
    Int64,
    UInt64,
}

impl Storage {
    fn of(kind: u32) -> Option<Self> {
        Some(match kind {
            1 => Self::Int8,
            2 => Self::UInt8,
            3 => Self::Int16,
            4 => Self::UInt16,
            5 => Self::Int32,
            6 => Self::UInt32,
            7 => Self::Single,
            9 => Self::Double,
            12 => Self::Int64,
            13 => Self::UInt64,
            _ => return None,
        })
    }

    fn size(self) -> usize {
        match self {
            Self::Int8 | Self::UInt8 => 1,
            Self::Int16 | Self::UInt16 => 2,
            Self::Int32 | Self::UInt32 | Self::Single => 4,
            Self::Double | Self::Int64 | Self::UInt64 => 8,
        }
    }

    /// The numbers that some whole patterns are.
    fn decode<S: Scalar>(self, bytes: &[u8], order: ByteOrder, numbers: &mut Vec<S>) {
        match self {
            Self::Int8 => decode(bytes, |[b]| f64::from(b.cast_signed()), numbers),
            Self::UInt8 => decode(bytes, |[b]| f64::from(b), numbers),
            Self::Int16 => decode(bytes, |b| f64::from(order.u16(b).cast_signed()), numbers),
            Self::UInt16 => decode(bytes, |b| f64::from(order.u16(b)), numbers),
            Self::Int32 => decode(bytes, |b| f64::from(order.u32(b).cast_signed()), numbers),
            Self::UInt32 => decode(bytes, |b| f64::from(order.u32(b)), numbers),
            Self::Single => decode(bytes, |b| f64::from(f32::from_bits(order.u32(b))), numbers),
            Self::Double => decode(bytes, |b| f64::from_bits(order.u64(b)), numbers),
            Self::Int64 => decode(bytes, |b| order.u64(b).cast_signed() as f64, numbers),
            Self::UInt64 => decode(bytes, |b| order.u64(b) as f64, numbers),
        }
    }
}

fn decode<S: Scalar, const N: usize>(
    bytes: &[u8],
    value: impl Fn([u8; N]) -> f64,
    numbers: &mut Vec<S>,
) {
    let (patterns, _) = bytes.as_chunks::<N>();
    numbers.extend(patterns.iter().map(|&b| S::constant(value(b))));
}

/// The numbers of an element that should hold `count`. The memory grows with the bytes that are
/// really there.
pub(super) fn read<S: Scalar>(
    body: &mut Body<'_>,
    tag: Tag,
    count: usize,
) -> Result<Vec<S>, Damage> {
    let storage = Storage::of(tag.kind).ok_or("its numbers have an unknown type")?;
    if count.checked_mul(storage.size()) != Some(tag.length as usize) {
        return Err("it has another number of numbers than its dimensions say");
    }
    let order = body.order();
    let mut numbers = Vec::new();
    // A multiple of every size, so that no pattern is cut.
    let mut piece = [0; 8192];
    body.pieces(tag, &mut piece, |bytes| {
        storage.decode(bytes, order, &mut numbers);
    })?;
    Ok(numbers)
}
