//! Memory for arrays that begin where a line of the cache does.

use std::ops::{Deref, DerefMut};

use crate::Scalar;

/// A vector whose first element is at the beginning of a line of the cache, so that arrays at
/// [aligned](Arena::aligned) places are too, and no vector that is read of them is on two lines.
///
/// An allocation that no unsafe code asked for begins wherever it likes: some elements before the
/// first one are skipped.
pub(crate) struct Arena<S> {
    elements: Vec<S>,
    skipped: usize,
}

/// The bytes of a line.
const LINE: usize = 64;

impl<S: Scalar> Arena<S> {
    /// The elements of a line.
    pub(crate) const LINE: usize = if size_of::<S>() < LINE {
        LINE / size_of::<S>()
    } else {
        1
    };

    pub(crate) const fn new() -> Self {
        Self {
            elements: Vec::new(),
            skipped: 0,
        }
    }

    /// So many zeros, and no room for more.
    pub(crate) fn zeros(len: usize) -> Self {
        let mut arena = Self::new();
        arena.reserve_exact(len);
        arena.resize(len);
        arena
    }

    /// The first place at or after this one where an array of `len` elements is to begin: that of a
    /// line, unless it is shorter than one.
    pub(crate) fn aligned(place: usize, len: usize) -> usize {
        if len < Self::LINE {
            place
        } else {
            place.next_multiple_of(Self::LINE)
        }
    }

    /// Makes room for so many elements more.
    pub(crate) fn reserve_exact(&mut self, more: usize) {
        self.move_to_room_for(self.len() + more);
    }

    /// Cuts it off, or adds zeros.
    pub(crate) fn resize(&mut self, len: usize) {
        if len > self.room() {
            // Twice as much, so that growing bit by bit copies an element once or twice.
            self.move_to_room_for(len.max(2 * self.len()));
        }
        self.elements.resize(self.skipped + len, S::zero());
    }

    /// For how many elements there is room, wherever the allocation begins: how it grows is the same in
    /// every run.
    fn room(&self) -> usize {
        self.elements.capacity().saturating_sub(Self::LINE)
    }

    fn move_to_room_for(&mut self, len: usize) {
        if len > self.room() {
            let mut elements = Vec::<S>::with_capacity(len + Self::LINE);
            let skipped = elements.as_ptr().align_offset(LINE).min(Self::LINE);
            elements.resize(skipped, S::zero());
            elements.extend_from_slice(self);
            *self = Self { elements, skipped };
        }
    }

    /// Keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.elements.truncate(self.skipped);
    }
}

impl<S> Deref for Arena<S> {
    type Target = [S];

    fn deref(&self) -> &[S] {
        &self.elements[self.skipped..]
    }
}

impl<S> DerefMut for Arena<S> {
    fn deref_mut(&mut self) -> &mut [S] {
        &mut self.elements[self.skipped..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_the_same_wherever_the_allocator_puts_it() {
        let mut in_between = Vec::new();
        let mut skipped = Vec::new();
        let mut capacities = |gap: usize| -> Vec<usize> {
            let mut arena = Arena::<f64>::new();
            (1..300)
                .map(|len| {
                    in_between.push(vec![0_u8; gap]);
                    arena.resize(len);
                    skipped.push(arena.skipped);
                    arena.elements.capacity()
                })
                .collect()
        };
        let first = capacities(1);
        for gap in 2..100 {
            assert_eq!(capacities(gap), first);
        }
        let is_first = |&skips: &usize| skips == skipped[0];
        assert!(
            !skipped.iter().all(is_first),
            "it was put to the same kind of place only"
        );
    }

    #[test]
    fn what_is_there_stays_and_begins_a_line() {
        let mut arena = Arena::<f64>::new();
        for len in 1..300 {
            arena.resize(len);
            arena[len - 1] = len as f64;
            assert!(arena.as_ptr().addr().is_multiple_of(LINE));
            assert!((1..=len).all(|k| arena[k - 1] == k as f64));
        }
        arena.reserve_exact(1000);
        assert!(arena.len() == 299 && arena[298] == 299.0);
        let memory = arena.as_ptr();
        arena.resize(1299);
        assert_eq!(arena.as_ptr(), memory);
        assert_eq!(
            [Arena::<f32>::aligned(17, 15), Arena::<f32>::aligned(17, 16)],
            [17, 32]
        );
    }
}
