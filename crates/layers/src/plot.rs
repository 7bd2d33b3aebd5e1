//! Cost curves, decision boundaries and ROC curves, as SVG and PNG.
//!
//! A [`Figure`] is data: the constructors compute what is to be seen, and one drawing function,
//! generic over the backend, turns it into either format. So both formats always show the same,
//! and equal figures give equal bytes. The price is that a figure cannot be altered afterwards: it
//! is cheap enough to make another.
//!
//! Both keep the same proportions, and a PNG has twice as many pixels each way as an SVG says it has.
//! PNG text is drawn with an embedded DejaVu Sans, and needs no font on the machine. SVG text stays
//! text, in DejaVu Sans or else the reader's sans-serif.
//!
//! ```
//! use layers::plot::{Curve, cost_curves};
//!
//! let points = (0..100).map(|i| (f64::from(i), 0.7 * (-0.05 * f64::from(i)).exp())).collect();
//! let figure = cost_curves("Training", &[Curve { name: "rate 0.1".into(), points }])?;
//! assert!(figure.to_svg().contains("rate 0.1"));
//! # Ok::<(), layers::plot::PlotError>(())
//! ```

mod axis;
mod boundary;
mod contour;
mod cost;
mod draw;
mod error;
mod export;
mod font;
mod log_log;
mod panel;
mod raster;
mod roc;

use std::path::Path;

pub use boundary::decision_boundary;
pub use cost::{Curve, cost_curves};
pub use error::PlotError;
pub use log_log::log_log_curves;
pub use roc::roc_curves;

use panel::Panel;

/// How many figures [`side_by_side`] puts in a row at most.
const PER_ROW: usize = 3;

/// The height of the title above figures that are side by side.
const TITLE: u32 = 44;

/// A picture, ready to be saved: see [`cost_curves`],
/// [`decision_boundary`], [`roc_curves`] and [`side_by_side`].
#[derive(Clone, Debug)]
pub struct Figure(Content);

#[derive(Clone, Debug)]
enum Content {
    Panel(Box<Panel>),
    Rows { title: String, figures: Vec<Figure> },
}

impl Figure {
    /// The width and the height in the pixels of the SVG; a PNG has twice as many each way.
    ///
    /// ```
    /// use layers::plot::{Curve, cost_curves};
    ///
    /// let curve = Curve { name: "cost".into(), points: vec![(0.0, 0.7), (1.0, 0.5)] };
    /// assert_eq!(cost_curves("Training", &[curve])?.size(), (640, 480));
    /// # Ok::<(), layers::plot::PlotError>(())
    /// ```
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        match &self.0 {
            Content::Panel(panel) => draw::size(panel),
            Content::Rows { figures, .. } => {
                let rows = rows(figures).map(row_size);
                rows.fold((panel::SIZE.0, TITLE), |size, row| {
                    (size.0.max(row.0), size.1 + row.1)
                })
            }
        }
    }

    /// The figure as a complete SVG document.
    ///
    /// ```
    /// use layers::plot::{Curve, cost_curves};
    ///
    /// let curve = Curve { name: "cost".into(), points: vec![(0.0, 0.7), (1.0, 0.5)] };
    /// assert!(cost_curves("Training", &[curve])?.to_svg().starts_with("<svg"));
    /// # Ok::<(), layers::plot::PlotError>(())
    /// ```
    #[must_use]
    pub fn to_svg(&self) -> String {
        export::svg(self)
    }

    /// The figure as the bytes of a PNG file, with two pixels for each one of [`Figure::size`].
    ///
    /// ```
    /// use layers::plot::{Curve, cost_curves};
    ///
    /// let curve = Curve { name: "cost".into(), points: vec![(0.0, 0.7), (1.0, 0.5)] };
    /// assert!(cost_curves("Training", &[curve])?.to_png().starts_with(b"\x89PNG"));
    /// # Ok::<(), layers::plot::PlotError>(())
    /// ```
    #[must_use]
    pub fn to_png(&self) -> Vec<u8> {
        export::png(self)
    }

    /// Writes the figure in the format that the path's extension names, `.svg` or `.png`.
    ///
    /// The file appears complete or not at all: an older one stays as it is until then.
    ///
    /// # Errors
    ///
    /// [`PlotError::Format`] for any other extension, and [`PlotError::Write`] if the file cannot be
    /// written.
    ///
    /// ```
    /// use layers::plot::{Curve, PlotError, cost_curves};
    ///
    /// let curve = Curve { name: "cost".into(), points: vec![(0.0, 0.7), (1.0, 0.5)] };
    /// let figure = cost_curves("Training", &[curve])?;
    /// # let folder = tempfile::tempdir()?;
    /// # let folder = folder.path();
    /// figure.save(folder.join("cost.png"))?;
    /// assert!(matches!(figure.save("cost.jpg"), Err(PlotError::Format { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PlotError> {
        export::save(self, path.as_ref())
    }
}

/// Figures in rows of up to three, all but the last equally long, under a common title.
///
/// ```
/// use layers::plot::{Curve, cost_curves, side_by_side};
///
/// let curve = Curve { name: "cost".into(), points: vec![(0.0, 0.7), (1.0, 0.5)] };
/// let figure = cost_curves("Training", &[curve])?;
/// let four = side_by_side("Again and again", vec![figure; 4]);
/// assert_eq!(four.size().0, 2 * 640);
/// assert!(four.size().1 > 2 * 480);
/// # Ok::<(), layers::plot::PlotError>(())
/// ```
#[must_use]
pub fn side_by_side(title: &str, figures: Vec<Figure>) -> Figure {
    Figure(Content::Rows {
        title: title.to_owned(),
        figures,
    })
}

/// The figures of each row: two and two rather than three and one.
fn rows(figures: &[Figure]) -> std::slice::Chunks<'_, Figure> {
    let rows = figures.len().div_ceil(PER_ROW).max(1);
    figures.chunks(figures.len().div_ceil(rows).max(1))
}

/// The size of figures in one row.
fn row_size(row: &[Figure]) -> (u32, u32) {
    row.iter().map(Figure::size).fold((0, 0), |row, figure| {
        (row.0 + figure.0, row.1.max(figure.1))
    })
}
