//! Elements: a tag with type and length, the bytes, and what pads them to a multiple of 8.

use std::io::{self, Read};

use flate2::bufread::ZlibDecoder;

use super::header::ByteOrder;

/// The types of elements that matter here: see "MAT-File Format", table 1-1.
pub(super) const INT8: u32 = 1;
pub(super) const UINT8: u32 = 2;
pub(super) const INT32: u32 = 5;
pub(super) const UINT32: u32 = 6;
pub(super) const MATRIX: u32 = 14;
pub(super) const COMPRESSED: u32 = 15;
pub(super) const UTF8: u32 = 16;

/// What is wrong with an element, in the words of a message.
pub(super) type Damage = &'static str;

const ENDS_EARLY: Damage = "it ends before what it should hold";

/// The type and the length of an element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tag {
    pub(super) kind: u32,
    pub(super) length: u32,
    /// Up to 4 bytes may stand in the second half of the tag itself.
    pub(super) inside: Option<[u8; 4]>,
}

/// The tag that 8 bytes are.
pub(super) fn tag(bytes: [u8; 8], order: ByteOrder) -> Tag {
    let [a, b, c, d, rest @ ..] = bytes;
    let first = order.u32([a, b, c, d]);
    match first >> 16 {
        0 => Tag {
            kind: first,
            length: order.u32(rest),
            inside: None,
        },
        length => Tag {
            kind: first & 0xffff,
            length,
            inside: Some(rest),
        },
    }
}

/// The inside of a matrix element, read front to back and never beyond its stated length.
pub(super) struct Body<'a> {
    source: Source<'a>,
    order: ByteOrder,
    left: u64,
}

enum Source<'a> {
    Plain(&'a [u8]),
    Inflated(Box<ZlibDecoder<&'a [u8]>>),
}

impl<'a> Body<'a> {
    /// The bytes of an element that is not compressed.
    pub(super) fn plain(bytes: &'a [u8], order: ByteOrder) -> Self {
        Self {
            source: Source::Plain(bytes),
            order,
            left: bytes.len() as u64,
        }
    }

    /// The matrix element that these bytes inflate to. Its own tag says how long it is, and no more
    /// than that is ever inflated.
    pub(super) fn inflated(bytes: &'a [u8], order: ByteOrder) -> Result<Self, Damage> {
        let mut body = Self {
            source: Source::Inflated(Box::new(ZlibDecoder::new(bytes))),
            order,
            left: 8,
        };
        let mut bytes = [0; 8];
        body.fill(&mut bytes)?;
        let tag = tag(bytes, order);
        if tag.kind != MATRIX || tag.inside.is_some() {
            return Err("what was compressed is no matrix");
        }
        body.left = u64::from(tag.length);
        Ok(body)
    }

    pub(super) fn order(&self) -> ByteOrder {
        self.order
    }

    /// The tag of the next element inside.
    pub(super) fn tag(&mut self) -> Result<Tag, Damage> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes)?;
        let tag = tag(bytes, self.order);
        if tag.inside.is_some() && tag.length > 4 {
            return Err("an element in a tag claims more than 4 bytes");
        }
        if tag.inside.is_none() && u64::from(tag.length) > self.left {
            return Err("an element claims more bytes than the one around it has");
        }
        Ok(tag)
    }

    /// Passes the bytes of an element to `take` in pieces, each but the last of `piece.len()`, and
    /// skips the padding.
    pub(super) fn pieces(
        &mut self,
        tag: Tag,
        piece: &mut [u8],
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), Damage> {
        if let Some(bytes) = tag.inside {
            take(&bytes[..tag.length as usize]);
            return Ok(());
        }
        let mut left = tag.length as usize;
        while left > 0 {
            let size = left.min(piece.len());
            self.fill(&mut piece[..size])?;
            take(&piece[..size]);
            left -= size;
        }
        // The last element of a body may lack its padding.
        let padding = (u64::from(tag.length).next_multiple_of(8) - u64::from(tag.length))
            .min(self.left) as usize;
        self.fill(&mut [0; 8][..padding])
    }

    /// The bytes of a short element.
    pub(super) fn bytes(&mut self, tag: Tag, at_most: u32) -> Result<Vec<u8>, Damage> {
        if tag.length > at_most {
            return Err("its name or its list of dimensions is too long");
        }
        let mut bytes = Vec::new();
        self.pieces(tag, &mut [0; 64], |piece| bytes.extend_from_slice(piece))?;
        Ok(bytes)
    }

    /// Checks that nothing is left, and, where the bytes were compressed, their checksum.
    pub(super) fn end(mut self) -> Result<(), Damage> {
        if self.left > 0 {
            return Err("there is something after its numbers");
        }
        match self.source.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err("more bytes come out of it than it should hold"),
            Err(_) => Err("the compressed bytes cannot be inflated"),
        }
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Damage> {
        let length = bytes.len() as u64;
        if length > self.left {
            return Err(ENDS_EARLY);
        }
        self.left -= length;
        self.source
            .read_exact(bytes)
            .map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => ENDS_EARLY,
                _ => "the compressed bytes cannot be inflated",
            })
    }
}

impl Read for Source<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(slice) => slice.read(bytes),
            Self::Inflated(decoder) => decoder.read(bytes),
        }
    }
}
