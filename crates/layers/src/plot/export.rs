//! Figures to bytes and files.

use std::path::Path;

use plotters::backend::SVGBackend;
use plotters::drawing::IntoDrawingArea;
use plotters::prelude::DrawingBackend;
use plotters::style::WHITE;

use super::draw::{UNITS, draw};
use super::raster::{Raster, blank};
use super::{Figure, PlotError};
use crate::write_atomically;

pub(super) fn svg(figure: &Figure) -> String {
    let (width, height) = figure.size();
    let (wide, high) = (width * UNITS, height * UNITS);
    let mut svg = String::new();
    render(figure, SVGBackend::with_string(&mut svg, (wide, high)));
    // The drawing keeps its units, and is shown at the figure's size.
    svg.replacen(
        &format!("width=\"{wide}\" height=\"{high}\""),
        &format!("width=\"{width}\" height=\"{height}\" stroke-linejoin=\"round\""),
        1,
    )
}

pub(super) fn png(figure: &Figure) -> Vec<u8> {
    let mut pixmap = blank(figure.size());
    render(figure, Raster(&mut pixmap));
    let png = pixmap.encode_png();
    png.expect("memory takes all bytes")
}

fn render<DB: DrawingBackend>(figure: &Figure, backend: DB) {
    let canvas = backend.into_drawing_area();
    canvas
        .fill(&WHITE)
        .and_then(|()| draw(figure, &canvas))
        .and_then(|()| canvas.present())
        .expect("memory takes all that is drawn");
}

pub(super) fn save(figure: &Figure, path: &Path) -> Result<(), PlotError> {
    let extension = path.extension().map(|e| e.to_ascii_lowercase());
    let bytes = match extension.as_deref().and_then(|e| e.to_str()) {
        Some("svg") => svg(figure).into_bytes(),
        Some("png") => png(figure),
        _ => return Err(PlotError::Format { path: path.into() }),
    };
    write_atomically(path, |file| file.write_all(&bytes)).map_err(PlotError::Write)
}
