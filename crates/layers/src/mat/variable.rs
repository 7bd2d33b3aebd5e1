//! Variables: the top-level elements, their classes, shapes and names.

use std::ops::Range;

use autodiff::Scalar;

use super::elements::{self, Body, COMPRESSED, Damage, INT8, INT32, MATRIX, UINT8, UINT32, UTF8};
use super::error::shape;
use super::header::{self, ByteOrder};
use super::{MatFile, MatProblem, numbers};

/// A longer name is taken for damage: MATLAB stops at 63 characters.
const MAX_NAME: u32 = 255;
/// More dimensions are taken for damage.
const MAX_DIMENSIONS: u32 = 32;

/// What a file says of a variable before its numbers.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    pub(super) name: String,
    class: u8,
    complex: bool,
    dimensions: Vec<usize>,
    compressed: bool,
    place: Range<usize>,
}

/// The variables of a file. The last one may not end beyond it.
pub(super) fn list(file: &[u8], order: ByteOrder) -> Result<Vec<Variable>, MatProblem> {
    let mut variables = Vec::new();
    let mut at = header::LENGTH;
    while at < file.len() {
        let (compressed, place) = element(file, at, order)?;
        let next = place.end;
        let variable =
            describe(file, order, compressed, place).map_err(|what| corrupt(at, what))?;
        // What has no name is MATLAB's own, such as the data behind its objects.
        if !variable.name.is_empty() {
            variables.push(variable);
        }
        if variables.len() > MatFile::MAX_VARIABLES {
            return Err(MatProblem::TooLarge {
                what: "the number of variables".to_owned(),
                limit: MatFile::MAX_VARIABLES.to_string(),
            });
        }
        at = next;
    }
    Ok(variables)
}

/// Whether the element at a byte is compressed, and where its bytes are.
fn element(file: &[u8], at: usize, order: ByteOrder) -> Result<(bool, Range<usize>), MatProblem> {
    let rest = &file[at..];
    let truncated = |expected| MatProblem::Truncated {
        at,
        expected,
        found: rest.len() as u64,
    };
    let &bytes = rest.first_chunk::<8>().ok_or_else(|| truncated(8))?;
    let tag = elements::tag(bytes, order);
    if !matches!(tag.kind, MATRIX | COMPRESSED) || tag.inside.is_some() {
        return Err(corrupt(at, "it is no variable"));
    }
    let length = tag.length as usize;
    if length > rest.len() - bytes.len() {
        return Err(truncated(u64::from(tag.length) + 8));
    }
    let start = at + bytes.len();
    Ok((tag.kind == COMPRESSED, start..start + length))
}

fn corrupt(at: usize, what: Damage) -> MatProblem {
    MatProblem::Corrupt {
        place: format!("the element at byte {at}"),
        what,
    }
}

fn describe(
    file: &[u8],
    order: ByteOrder,
    compressed: bool,
    place: Range<usize>,
) -> Result<Variable, Damage> {
    let mut body = body(file, order, compressed, &place)?;
    preamble(&mut body, compressed, place)
}

fn body<'a>(
    file: &'a [u8],
    order: ByteOrder,
    compressed: bool,
    place: &Range<usize>,
) -> Result<Body<'a>, Damage> {
    let bytes = &file[place.clone()];
    if compressed {
        Body::inflated(bytes, order)
    } else {
        Ok(Body::plain(bytes, order))
    }
}

/// Flags, dimensions and name, which every class but the opaque ones begins with.
fn preamble(
    body: &mut Body<'_>,
    compressed: bool,
    place: Range<usize>,
) -> Result<Variable, Damage> {
    let tag = body.tag()?;
    let flags = body.bytes(tag, 8)?;
    let Ok([a, b, c, d, ..]) = <[u8; 8]>::try_from(flags) else {
        return Err("its flags are missing");
    };
    let flags = body.order().u32([a, b, c, d]);
    let mut tag = body.tag()?;
    let mut dimensions = Vec::new();
    // An object of a class of MATLAB's own has no dimensions here.
    if matches!(tag.kind, INT32 | UINT32) {
        let bytes = body.bytes(tag, 4 * MAX_DIMENSIONS)?;
        let (lengths, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() {
            return Err("its dimensions are no whole numbers");
        }
        for &length in lengths {
            let length =
                i32::try_from(body.order().u32(length)).map_err(|_| "a dimension is negative")?;
            dimensions.push(usize::try_from(length).map_err(|_| "a dimension is negative")?);
        }
        tag = body.tag()?;
    }
    if !matches!(tag.kind, INT8 | UINT8 | UTF8) {
        return Err("its name is missing");
    }
    let name = body.bytes(tag, MAX_NAME)?;
    Ok(Variable {
        name: String::from_utf8(name).map_err(|_| "its name is no text")?,
        class: (flags & 0xff) as u8,
        complex: flags & 0x800 != 0,
        dimensions,
        compressed,
        place,
    })
}

impl Variable {
    pub(super) fn corrupt(&self, what: Damage) -> MatProblem {
        MatProblem::Corrupt {
            place: format!("the variable `{}`", self.name),
            what,
        }
    }

    /// The numbers of rows and columns of a real numeric matrix.
    pub(super) fn matrix_shape(&self) -> Result<(usize, usize), MatProblem> {
        let (kind, advice) = match self.class {
            6..=15 if self.complex => ("complex", "save real(…) of it"),
            6..=15 => ("", ""),
            1 => ("a cell array", "save cell2mat(…) of it"),
            2 => ("a struct", "save its fields as variables"),
            4 => ("text", "save numbers"),
            5 => ("a sparse matrix", "save full(…) of it"),
            _ => ("an object or a function", "save numbers"),
        };
        if !kind.is_empty() {
            return Err(MatProblem::Kind {
                name: self.name.clone(),
                kind,
                advice,
            });
        }
        let &[rows, columns] = &self.dimensions[..] else {
            return Err(MatProblem::Shape {
                name: self.name.clone(),
                found: shape(&self.dimensions),
                expected: "rows by columns".to_owned(),
                reason: "an array with more dimensions is no matrix".to_owned(),
            });
        };
        match rows.checked_mul(columns) {
            Some(count) if count as u64 <= MatFile::MAX_NUMBERS => Ok((rows, columns)),
            _ => Err(MatProblem::TooLarge {
                what: format!("the variable `{}`, {},", self.name, shape(&self.dimensions)),
                limit: format!("{} numbers", MatFile::MAX_NUMBERS),
            }),
        }
    }

    /// The numbers of a real numeric matrix, column by column.
    pub(super) fn numbers<S: Scalar>(
        &self,
        file: &[u8],
        order: ByteOrder,
    ) -> Result<Vec<S>, MatProblem> {
        let (rows, columns) = self.matrix_shape()?;
        let decoded = || {
            let mut body = body(file, order, self.compressed, &self.place)?;
            preamble(&mut body, self.compressed, self.place.clone())?;
            let tag = body.tag()?;
            let numbers = numbers::read(&mut body, tag, rows * columns)?;
            body.end()?;
            Ok(numbers)
        };
        decoded().map_err(|what| self.corrupt(what))
    }
}
