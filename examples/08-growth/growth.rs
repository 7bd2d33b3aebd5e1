//! What is measured at one size after another, and the slope that it has.

use gradproof::layers::plot::Curve;

/// A quantity at growing sizes.
pub(crate) struct Growth {
    pub(crate) name: &'static str,
    /// Sizes and what was measured there, all of them positive.
    pub(crate) points: Vec<(f64, f64)>,
}

impl Growth {
    /// The k of y ≈ c·xᵏ: the slope of the straight line through the logarithms that has the least
    /// squares, over the larger half of the sizes, where what does not grow no longer counts.
    pub(crate) fn slope(&self) -> f64 {
        let half = &self.points[self.points.len() / 2..];
        let logarithms = half.iter().map(|(x, y)| (x.ln(), y.ln()));
        let count = half.len() as f64;
        let (x_sum, y_sum) = logarithms
            .clone()
            .fold((0.0, 0.0), |(x_sum, y_sum), (x, y)| (x_sum + x, y_sum + y));
        let (x_mean, y_mean) = (x_sum / count, y_sum / count);
        let (products, squares) = logarithms.fold((0.0, 0.0), |(products, squares), (x, y)| {
            let (dx, dy) = (x - x_mean, y - y_mean);
            (products + dx * dy, squares + dx * dx)
        });
        products / squares
    }

    /// The last point.
    pub(crate) fn largest(&self) -> (f64, f64) {
        self.points[self.points.len() - 1]
    }

    /// The points, under a name that states the slope.
    pub(crate) fn curve(&self) -> Curve {
        Curve {
            name: format!("{}, slope {:.2}", self.name, self.slope()),
            points: self.points.clone(),
        }
    }

    /// The straight line of a slope through the point that the fit begins with.
    pub(crate) fn line(&self, slope: f64) -> Curve {
        let half = &self.points[self.points.len() / 2..];
        let (x_first, y_first) = half[0];
        let on_line = |&(x, _): &(f64, f64)| (x, y_first * (x / x_first).powf(slope));
        Curve {
            name: format!("slope {slope}"),
            points: half.iter().map(on_line).collect(),
        }
    }
}
