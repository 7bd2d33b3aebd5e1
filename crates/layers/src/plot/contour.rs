//! Level lines of a grid.

use std::collections::BTreeMap;

use super::panel::{Grid, Point};

/// A side of a triangle, by its two nodes.
type Edge = ((usize, usize), (usize, usize));

/// Enough to place a line to a hundredth of a pixel, for cells of a few.
const BISECTIONS: usize = 8;

/// The lines along which the grid's values pass a level, as long as possible; closed ones end where
/// they start. `values` gives the values at any points.
///
/// Each cell is cut into two triangles. A line enters and leaves a triangle at most once, so that
/// there are none of the ambiguous cases of squares. Triangles with a value that is not finite are
/// left out.
pub(super) fn contour(
    grid: &Grid,
    level: f64,
    values: impl Fn(&[Point]) -> Vec<f64>,
) -> Vec<Vec<Point>> {
    // Sorted, because the order of the lines is part of the picture's bytes.
    let mut links: BTreeMap<Edge, Vec<Edge>> = BTreeMap::new();
    for triangle in triangles(grid.side) {
        let [a, b, c] = triangle;
        if !triangle.iter().all(|&(i, j)| grid.value(i, j).is_finite()) {
            continue;
        }
        let is_crossed = |&(p, q): &Edge| above(grid, p, level) != above(grid, q, level);
        let crossed = [(a, b), (b, c), (a, c)].into_iter().filter(is_crossed);
        if let [one, other] = crossed.collect::<Vec<_>>()[..] {
            links.entry(one).or_default().push(other);
            links.entry(other).or_default().push(one);
        }
    }
    // First from the loose ends, or else lines would start in their middle.
    let ends = links.iter().filter(|(_, next)| next.len() == 1);
    let mut starts: Vec<Edge> = ends.map(|(&edge, _)| edge).collect();
    starts.extend(links.keys());

    let lines = starts.into_iter().map(|start| walk(&mut links, start));
    let lines: Vec<_> = lines.filter(|line| line.len() > 1).collect();
    let mut crossings = crossings(grid, level, &lines.concat(), values).into_iter();
    lines
        .iter()
        .map(|line| crossings.by_ref().take(line.len()).collect())
        .collect()
}

/// The nodes of all triangles, each in ascending order: an edge has the same name in both of its own.
fn triangles(side: usize) -> impl Iterator<Item = [(usize, usize); 3]> {
    let cells = (1..side).flat_map(move |i| (1..side).map(move |j| (i, j)));
    cells.flat_map(|(i, j)| {
        let (lower, upper) = ((i - 1, j - 1), (i, j));
        [[lower, (i - 1, j), upper], [lower, (i, j - 1), upper]]
    })
}

fn above(grid: &Grid, (i, j): (usize, usize), level: f64) -> bool {
    grid.value(i, j) > level
}

/// Follows links from an edge, and uses them up.
fn walk(links: &mut BTreeMap<Edge, Vec<Edge>>, start: Edge) -> Vec<Edge> {
    let mut line = vec![start];
    let mut here = start;
    while let Some(next) = links.get_mut(&here).and_then(Vec::pop) {
        if let Some(back) = links.get_mut(&next) {
            back.retain(|&edge| edge != here);
        }
        line.push(next);
        here = next;
    }
    line
}

/// Where on each edge the values pass the level, by bisection.
///
/// Interpolation would make stairs of a function that is all 0 and 1.
fn crossings(
    grid: &Grid,
    level: f64,
    edges: &[Edge],
    values: impl Fn(&[Point]) -> Vec<f64>,
) -> Vec<Point> {
    let ends = edges.iter().map(|&(p, q)| {
        let (upper, lower) = if above(grid, p, level) {
            (p, q)
        } else {
            (q, p)
        };
        [grid.place(lower.0, lower.1), grid.place(upper.0, upper.1)]
    });
    let mut ends: Vec<[Point; 2]> = ends.collect();
    let middle = |&[a, b]: &[Point; 2]| (f64::midpoint(a.0, b.0), f64::midpoint(a.1, b.1));
    for _ in 0..BISECTIONS {
        let middles: Vec<_> = ends.iter().map(middle).collect();
        if middles.is_empty() {
            break;
        }
        for ((ends, &middle), value) in ends.iter_mut().zip(&middles).zip(values(&middles)) {
            ends[usize::from(value > level)] = middle;
        }
    }
    ends.iter().map(middle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(side: usize, level: f64, f: impl Fn(f64, f64) -> f64) -> Vec<Vec<Point>> {
        let values = |points: &[Point]| points.iter().map(|&(x, y)| f(x, y)).collect();
        let grid = Grid::sampled((-1.0, 1.0), (-1.0, 1.0), side, values);
        contour(&grid, level, values)
    }

    #[test]
    fn a_circle_is_one_closed_line() {
        let steep = |x: f64, y: f64| f64::from(u8::from(x.hypot(y) < 0.7));
        for lines in [lines(41, -0.7, |x, y| -x.hypot(y)), lines(41, 0.5, steep)] {
            let [circle] = &lines[..] else {
                panic!("{} lines", lines.len())
            };
            assert_eq!(circle.first(), circle.last());
            let off = circle.iter().map(|(x, y)| (x.hypot(*y) - 0.7).abs());
            assert!(off.fold(0.0, f64::max) < 3e-4);
        }
    }

    #[test]
    fn a_line_runs_from_edge_to_edge() {
        let lines = lines(11, 0.05, |x, y| x + 0.3 * y);
        let [line] = &lines[..] else {
            panic!("{} lines", lines.len())
        };
        let (first, last) = (line[0].1, line[line.len() - 1].1);
        assert_eq!((first.abs(), first + last), (1.0, 0.0));
    }

    #[test]
    fn constant_and_undefined_values_have_no_lines() {
        assert!(lines(5, 0.5, |_, _| 0.5).is_empty());
        assert!(lines(5, 0.5, |_, _| f64::NAN).is_empty());
    }
}
