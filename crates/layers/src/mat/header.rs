//! The first 128 bytes: which format it is, and in which byte order.

use super::MatProblem;

/// How many bytes there are before the first element.
pub(super) const LENGTH: usize = 128;

const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";

/// Which byte of a number comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    pub(super) fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    pub(super) fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    pub(super) fn u64(self, bytes: [u8; 8]) -> u64 {
        match self {
            Self::Little => u64::from_le_bytes(bytes),
            Self::Big => u64::from_be_bytes(bytes),
        }
    }
}

/// The byte order of a Level 5 file, and what to say of any other.
pub(super) fn byte_order(file: &[u8]) -> Result<ByteOrder, MatProblem> {
    if file.starts_with(HDF5) || file.get(512..).is_some_and(|rest| rest.starts_with(HDF5)) {
        return Err(MatProblem::Version73);
    }
    if is_version_4(file) {
        return Err(MatProblem::Version4);
    }
    let Some(header) = file.first_chunk::<LENGTH>() else {
        return Err(MatProblem::NotMat("it is shorter than a header"));
    };
    // The characters M and I, written as one number of two bytes.
    let order = match &header[126..] {
        b"IM" => ByteOrder::Little,
        b"MI" => ByteOrder::Big,
        _ => return Err(MatProblem::NotMat("its header has no byte order")),
    };
    match order.u16([header[124], header[125]]) {
        0x0100 => Ok(order),
        0x0200 => Err(MatProblem::Version73),
        _ => Err(MatProblem::NotMat("its version is unknown")),
    }
}

/// A version 4 file has no header: it begins with the first matrix's type, its numbers of rows and
/// columns, whether it is complex, and the length of its name. A Level 5 file begins with text.
fn is_version_4(file: &[u8]) -> bool {
    let Some(start) = file.first_chunk::<20>() else {
        return false;
    };
    [ByteOrder::Little, ByteOrder::Big].iter().any(|order| {
        let word = |k: usize| order.u32([start[k], start[k + 1], start[k + 2], start[k + 3]]);
        // Thousands: byte order; hundreds: always 0; tens: number format; ones: kind of matrix.
        let (kind, complex, name) = (word(0), word(12), word(16));
        let digits = [kind / 1000, kind / 100 % 10, kind / 10 % 10, kind % 10];
        digits[0] <= 4
            && digits[1] == 0
            && digits[2] <= 5
            && digits[3] <= 2
            && complex <= 1
            && (1..=256).contains(&name)
    })
}
