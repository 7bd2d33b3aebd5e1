//! The embedded DejaVu Sans: how wide text is, and its outlines.
//!
//! `plotters` could look for fonts itself, but only for those of the system, or without the letters'
//! side bearings. Lengths are in em, the font's size.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, GlyphId, OutlineCurve};
use tiny_skia::{Path, PathBuilder};

/// What an SVG asks its reader's system for.
pub(super) const FAMILY: &str = "DejaVu Sans, sans-serif";

/// `plotters` gives sizes as the distance between lines, and takes it to be this many em.
pub(super) const LINE: f64 = 1.24;

/// The height of small letters.
pub(super) const X_HEIGHT: f32 = 0.547;

static FONT: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::try_from_slice(dejavu::sans::regular()).expect("the embedded font is valid")
});

/// The width of a line of text.
pub(super) fn width(text: &str) -> f32 {
    set(text).1
}

/// The outline of a line of text that starts at the origin, or nothing if it is blank.
pub(super) fn outline(text: &str) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (glyph, right) in set(text).0 {
        if let Some(outline) = FONT.outline(glyph) {
            add_outline(&mut path, &outline.curves, right);
        }
    }
    path.finish()
}

/// The glyphs of a line of text and how far right each starts, and where the line ends.
fn set(text: &str) -> (Vec<(GlyphId, f32)>, f32) {
    let mut glyphs: Vec<(GlyphId, f32)> = Vec::new();
    let mut right = 0.0;
    for glyph in text.chars().map(|c| FONT.glyph_id(c)) {
        if let Some(&(previous, _)) = glyphs.last() {
            right += FONT.kern_unscaled(previous, glyph) / em();
        }
        glyphs.push((glyph, right));
        right += FONT.h_advance_unscaled(glyph) / em();
    }
    (glyphs, right)
}

/// The font's own units to the em.
fn em() -> f32 {
    FONT.units_per_em().unwrap_or(1.0)
}

/// The font's curves come without moves: an outline starts wherever one does not continue the last.
fn add_outline(path: &mut PathBuilder, curves: &[OutlineCurve], right: f32) {
    // The font's y axis points upwards.
    let place = |p: &ab_glyph::Point| (right + p.x / em(), -p.y / em());
    for curve in curves {
        let (OutlineCurve::Line(start, _)
        | OutlineCurve::Quad(start, ..)
        | OutlineCurve::Cubic(start, ..)) = curve;
        let (x, y) = place(start);
        if path
            .last_point()
            .is_none_or(|last| (last.x, last.y) != (x, y))
        {
            path.move_to(x, y);
        }
        match curve {
            OutlineCurve::Line(_, to) => {
                let (x, y) = place(to);
                path.line_to(x, y);
            }
            OutlineCurve::Quad(_, a, to) => {
                let ((a, b), (x, y)) = (place(a), place(to));
                path.quad_to(a, b, x, y);
            }
            OutlineCurve::Cubic(_, a, b, to) => {
                let ((a, b), (c, d), (x, y)) = (place(a), place(b), place(to));
                path.cubic_to(a, b, c, d, x, y);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outline_is_about_as_wide_as_the_text() {
        for text in ["cost (log scale)", "10⁻³", "Kosten für λ = 0,1"] {
            let bounds = outline(text).expect("it is not blank").bounds();
            assert!((bounds.width() - width(text)).abs() < 0.3, "{text}");
            assert!(bounds.top() > -1.0 && bounds.bottom() < 0.3, "{text}");
        }
    }

    #[test]
    fn blanks_have_a_width_and_no_outline() {
        assert!(outline("  ").is_none());
        assert!(width("  ") > width(" "));
        assert_eq!(width(""), 0.0);
    }
}
