//! A backend that draws on pixels.
//!
//! The one that comes with `plotters` draws spikes where noisy curves turn sharply. This one leaves
//! outlines and antialiasing to `tiny-skia`.

use std::convert::Infallible;

use plotters::style::FontTransform;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
};
use tiny_skia::{
    Color, FillRule, LineJoin, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, Transform,
};

use super::draw::UNITS;
use super::font;

/// How many times larger than an SVG the picture is each way.
const ZOOM: u32 = 2;

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

/// A picture in memory, drawn on in units.
pub(super) struct Raster<'a>(pub(super) &'a mut Pixmap);

/// An empty picture of a figure of this size.
pub(super) fn blank((width, height): (u32, u32)) -> Pixmap {
    Pixmap::new(width * ZOOM, height * ZOOM).expect("a figure has pixels, and memory has room")
}

/// From units to pixels.
fn to_pixels() -> Transform {
    let scale = ZOOM as f32 / UNITS as f32;
    Transform::from_scale(scale, scale)
}

impl Raster<'_> {
    /// A path without extent, such as that of a space, is none and draws nothing.
    fn fill(&mut self, path: Option<Path>, color: BackendColor, transform: Transform) -> Drawn {
        if let Some(path) = path {
            let rule = FillRule::Winding;
            let transform = transform.post_concat(to_pixels());
            self.0
                .fill_path(&path, &paint(color), rule, transform, None);
        }
        Ok(())
    }

    fn stroke(&mut self, path: Option<Path>, style: &impl BackendStyle) -> Drawn {
        if let Some(path) = path {
            let stroke = Stroke {
                width: style.stroke_width() as f32,
                line_join: LineJoin::Round,
                ..Stroke::default()
            };
            let paint = paint(style.color());
            self.0
                .stroke_path(&path, &paint, &stroke, to_pixels(), None);
        }
        Ok(())
    }

    fn draw(&mut self, path: Option<Path>, style: &impl BackendStyle, fill: bool) -> Drawn {
        if fill {
            self.fill(path, style.color(), Transform::identity())
        } else {
            self.stroke(path, style)
        }
    }
}

impl DrawingBackend for Raster<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        let units = |pixels| pixels / ZOOM * UNITS;
        (units(self.0.width()), units(self.0.height()))
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Drawn {
        let unit = rectangle((x, y), (x + 1, y + 1));
        self.fill(unit, color, Transform::identity())
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Drawn {
        self.stroke(polyline([from, to]).finish(), style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        bottom_right: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        self.draw(rectangle(upper_left, bottom_right), style, fill)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        self.stroke(polyline(path).finish(), style)
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        center: BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let circle = PathBuilder::from_circle(center.0 as f32, center.1 as f32, radius as f32);
        self.draw(circle, style, fill)
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        vertices: I,
        style: &S,
    ) -> Drawn {
        let mut path = polyline(vertices);
        path.close();
        self.draw(path.finish(), style, true)
    }

    /// Puts text where the SVG backend of `plotters` has it put.
    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        (x, y): BackendCoord,
    ) -> Drawn {
        let size = (style.size() / font::LINE) as f32;
        let right = match style.anchor().h_pos {
            HPos::Left => 0.0,
            HPos::Center => -0.5 * font::width(text),
            HPos::Right => -font::width(text),
        };
        let down = match style.anchor().v_pos {
            VPos::Top => 0.76,
            VPos::Center => 0.5 * font::X_HEIGHT,
            VPos::Bottom => -0.5 * font::X_HEIGHT,
        };
        let degrees = match style.transform() {
            FontTransform::Rotate90 => 90.0,
            FontTransform::Rotate180 => 180.0,
            FontTransform::Rotate270 => 270.0,
            _ => 0.0,
        };
        let transform = Transform::from_translate(right, down)
            .post_scale(size, size)
            .post_rotate(degrees)
            .post_translate(x as f32, y as f32);
        self.fill(font::outline(text), style.color(), transform)
    }
}

fn paint(color: BackendColor) -> Paint<'static> {
    let (r, g, b) = color.rgb;
    let mut paint = Paint::default();
    paint.set_color(Color::from_rgba8(
        r,
        g,
        b,
        (color.alpha * 255.0).round() as u8,
    ));
    paint
}

fn rectangle((x, y): BackendCoord, (right, bottom): BackendCoord) -> Option<Path> {
    Rect::from_ltrb(x as f32, y as f32, right as f32, bottom as f32).map(PathBuilder::from_rect)
}

fn polyline(points: impl IntoIterator<Item = BackendCoord>) -> PathBuilder {
    let mut path = PathBuilder::new();
    for (x, y) in points {
        // A path that starts with a line starts at the origin.
        if path.is_empty() {
            path.move_to(x as f32, y as f32);
        } else {
            path.line_to(x as f32, y as f32);
        }
    }
    path
}
