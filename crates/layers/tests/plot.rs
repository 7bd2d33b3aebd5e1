//! Figures: what is in them, in both formats, and what is refused.

use std::f64::consts::TAU;
use std::fs;

use autodiff::Tensor;
use layers::RocCurve;
use layers::plot::{
    Curve, Figure, PlotError, cost_curves, decision_boundary, log_log_curves, roc_curves,
    side_by_side,
};
use tiny_skia::Pixmap;

fn curve(name: &str, costs: impl IntoIterator<Item = f64>) -> Curve {
    let numbered = costs.into_iter().enumerate();
    Curve {
        name: name.to_owned(),
        points: numbered.map(|(i, cost)| (i as f64, cost)).collect(),
    }
}

fn costs() -> Figure {
    let falling = |rate: f64| (0..50).map(move |i| 0.7 * (-rate * f64::from(i)).exp());
    let curves = [
        curve("slow", falling(0.01)),
        curve("fast & <good>", falling(0.1)),
    ];
    cost_curves("Two rates", &curves).unwrap()
}

/// Twelve points on each of two circles, the inner one labelled 1.
fn rings() -> (Tensor<f64>, Tensor<f64>) {
    let m = 24;
    let x = Tensor::from_fn([2, m], |k| {
        let radius = if k % m % 2 == 0 { 1.0 } else { 0.8 };
        let angle = TAU * (k % m) as f64 / m as f64;
        radius * if k < m { angle.cos() } else { angle.sin() }
    });
    (x, Tensor::from_fn([1, m], |k| (k % 2) as f64))
}

/// The probability of being within a circle.
fn inside(points: &Tensor<f64>) -> Tensor<f64> {
    Tensor::from_fn([1, points.shape().dims()[1]], |k| {
        let radius = points[[0, k]].hypot(points[[1, k]]);
        1.0 / (1.0 + (20.0 * (radius - 0.9)).exp())
    })
}

fn boundary() -> Figure {
    let (x, y) = rings();
    decision_boundary("Two rings", &x, &y, inside).unwrap()
}

/// The texts of an SVG, in the order in which they are drawn.
fn texts(figure: &Figure) -> Vec<String> {
    let svg = figure.to_svg();
    let parts = svg.split("<text").skip(1);
    parts
        .map(|part| {
            let start = part.find('>').unwrap() + 1;
            let end = part.find("</text>").unwrap();
            part[start..end].trim().to_owned()
        })
        .collect()
}

fn assert_has(texts: &[String], wanted: &[&str]) {
    for text in wanted {
        assert!(texts.iter().any(|t| t == text), "no {text:?} in {texts:?}");
    }
}

fn count(pixmap: &Pixmap, (red, green, blue): (u8, u8, u8)) -> usize {
    let is_it =
        |p: &&tiny_skia::PremultipliedColorU8| (p.red(), p.green(), p.blue()) == (red, green, blue);
    pixmap.pixels().iter().filter(is_it).count()
}

#[test]
fn cost_curves_have_a_title_axes_and_a_legend() {
    let texts = texts(&costs());
    assert_has(
        &texts,
        &["Two rates", "iteration", "cost", "slow", "0", "40", "0.2"],
    );
    assert_has(&texts, &["fast &amp; &lt;good&gt;"]);
    assert!(!texts.iter().any(|t| t == "not finite"));
}

#[test]
fn a_decision_boundary_has_a_title_axes_and_a_legend() {
    let texts = texts(&boundary());
    assert_has(
        &texts,
        &["Two rings", "x1", "x2", "y = 0", "y = 1", "p = 0.5", "-0.5"],
    );
}

#[test]
fn roc_curves_have_their_areas_in_the_legend_and_a_diagonal() {
    let labels = Tensor::from([[0.0, 0.0, 1.0, 1.0]]);
    let curve = |scores| RocCurve::new(&Tensor::from([scores]), &labels).unwrap();
    let (perfect, good) = (curve([0.1, 0.2, 0.3, 0.4]), curve([0.1, 0.3, 0.2, 0.4]));
    let figure = roc_curves("Test part", &[("best", &perfect), ("good", &good)]);
    assert_has(
        &texts(&figure),
        &[
            "Test part",
            "false positive rate",
            "true positive rate",
            "guessing",
            "best, AUC 1.0000",
            "good, AUC 0.7500",
            "0.0",
            "1.0",
        ],
    );
    let pixmap = Pixmap::decode_png(&figure.to_png()).unwrap();
    for color in [(0, 114, 178), (213, 94, 0), (150, 150, 150)] {
        assert!(count(&pixmap, color) > 1000, "{color:?}");
    }
}

#[test]
fn svg_text_is_text_in_the_embedded_font_or_a_similar_one() {
    let svg = costs().to_svg();
    assert!(svg.contains("font-family=\"DejaVu Sans, sans-serif\""));
    assert!(svg.starts_with("<svg width=\"640\" height=\"480\""));
    assert!(svg.trim_end().ends_with("</svg>"));
}

#[test]
fn a_png_is_twice_as_large_and_shows_the_curves_and_the_text() {
    let pixmap = Pixmap::decode_png(&costs().to_png()).unwrap();
    assert_eq!((pixmap.width(), pixmap.height()), (1280, 960));
    let white = count(&pixmap, (255, 255, 255));
    assert!(white < 1280 * 960 && white > 1280 * 960 / 2);
    let (blue, vermilion, ink) = ((0, 114, 178), (213, 94, 0), (40, 40, 40));
    for color in [blue, vermilion, ink] {
        assert!(count(&pixmap, color) > 1000, "{color:?}");
    }

    let renamed = cost_curves("Two other rates", &[curve("slow", [1.0, 0.5])]).unwrap();
    let untitled = cost_curves("", &[curve("slow", [1.0, 0.5])]).unwrap();
    let dark = |figure: &Figure| count(&Pixmap::decode_png(&figure.to_png()).unwrap(), ink);
    assert!(dark(&renamed) > dark(&untitled) + 500);
}

#[test]
fn a_png_shades_both_regions() {
    let pixmap = Pixmap::decode_png(&boundary().to_png()).unwrap();
    let center = pixmap.pixel(500, 495).unwrap();
    assert!(center.red() > center.blue() + 40, "{center:?}");
    let corner = pixmap.pixel(860, 160).unwrap();
    assert!(corner.blue() > corner.red() + 40, "{corner:?}");
}

#[test]
fn equal_figures_have_equal_bytes() {
    let both = || side_by_side("Both", vec![costs(), boundary()]);
    assert_eq!(both().to_svg(), both().to_svg());
    assert_eq!(both().to_png(), both().to_png());
}

#[test]
fn side_by_side_wraps_and_keeps_everything() {
    let figure = side_by_side("All", vec![costs(), costs(), boundary(), boundary()]);
    let (width, height) = figure.size();
    assert_eq!(width, 2 * boundary().size().0.max(640));
    assert!(height > 2 * 480);
    let pixmap = Pixmap::decode_png(&figure.to_png()).unwrap();
    assert_eq!((pixmap.width(), pixmap.height()), (2 * width, 2 * height));
    assert_has(&texts(&figure), &["All", "Two rates", "Two rings"]);

    let nested = side_by_side("Outer", vec![side_by_side("Inner", vec![costs()]), costs()]);
    assert_has(&texts(&nested), &["Outer", "Inner", "Two rates"]);
    assert_has(&texts(&side_by_side("Nothing", vec![])), &["Nothing"]);
}

#[test]
fn a_cost_that_is_not_finite_leaves_a_gap_and_a_mark() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let gaps = [inf, 3.0, 2.0, nan, nan, 1.5, 1.0, -inf, 0.5];
    let figure = cost_curves("Gaps", &[curve("a", gaps)]).unwrap();
    assert_has(&texts(&figure), &["not finite"]);
    let svg = figure.to_svg();
    // Two lines, and a dot for the single cost at the end.
    let blue = |shape: &str| {
        let lines = svg.lines().filter(|line| line.starts_with(shape));
        lines.filter(|line| line.contains("#0072B2")).count()
    };
    // The legend draws one more line.
    assert_eq!(
        (blue("<polyline"), blue("<circle"), blue("<polygon")),
        (3, 1, 3)
    );
    assert!(!svg.contains("inf") && !svg.contains("NaN"));
}

#[test]
fn a_curve_that_diverged_does_not_hide_the_others() {
    let diverged = curve("lost", [f64::NAN; 3]);
    let figure = cost_curves("", &[diverged.clone(), curve("kept", [2.0, 1.0, 0.5])]).unwrap();
    assert_has(&texts(&figure), &["lost", "kept", "not finite"]);
    let error = cost_curves("", &[diverged]).unwrap_err();
    assert!(matches!(error, PlotError::NoFiniteCost));
    assert!(error.to_string().contains("lower the learning rate"));
    for none in [&[][..], &[curve("empty", [])]] {
        assert!(matches!(
            cost_curves("", none),
            Err(PlotError::NoFiniteCost)
        ));
    }
}

#[test]
fn costs_that_span_decades_get_a_logarithmic_axis() {
    let wide = cost_curves("", &[curve("a", [100.0, 1.0, 0.01])]).unwrap();
    assert_has(&texts(&wide), &["cost (log scale)", "10⁻¹", "10²"]);
    // A logarithmic axis has no 0.
    let zero = cost_curves("", &[curve("a", [100.0, 1.0, 0.0])]).unwrap();
    assert_has(&texts(&zero), &["cost"]);
}

#[test]
fn a_narrow_range_on_a_logarithmic_axis_has_ticks() {
    let draw = |points: &[(f64, f64)]| {
        let curve = Curve {
            name: "a".into(),
            points: points.to_vec(),
        };
        texts(&log_log_curves("", "n", "seconds", &[curve]).unwrap())
    };
    let narrow = draw(&[(100.0, 2.0), (1e4, 2.5), (1e6, 3.0)]);
    assert_has(&narrow, &["10²", "10⁶", "2.0", "2.4", "3.0"]);
    let wider = draw(&[(3.0, 3e-4), (20.0, 9e-4), (90.0, 7e-3)]);
    assert_has(&wider, &["5", "10", "20", "50", "0.0005", "0.001", "0.005"]);

    // What is one number, or all but one, has a decade around it.
    assert_has(
        &draw(&[(1.0, 1e-300)]),
        &["0.5", "1", "2", "5e-301", "1e-300"],
    );
    for points in [
        [(5e-324, 1e300), (1e-323, 1e300)],
        [(1.0, 7.0), (1.0 + f64::EPSILON, 7.0 - 1e-15)],
        [(1.0 - f64::EPSILON, 1e-320), (1.0, 2e-320)],
    ] {
        let texts = draw(&points);
        // The title, the legend, two labels, and two ticks or more on each axis.
        assert!(texts.len() >= 4 + 2 + 2, "{points:?}: {texts:?}");
    }
}

#[test]
fn any_finite_costs_can_be_drawn() {
    for costs in [
        vec![0.0],
        vec![0.693; 4],
        vec![-1.0, 1.0],
        vec![f64::MAX, f64::MIN, 1.0],
        vec![f64::MIN_POSITIVE, 5e-324],
        vec![1e-320, 1e300],
        vec![1.0, 1.0 + f64::EPSILON],
    ] {
        let figure = cost_curves("", &[curve("a", costs.clone())]).unwrap();
        assert!(texts(&figure).len() > 6, "{costs:?}");
        assert!(!figure.to_png().is_empty());
    }
}

#[test]
fn long_and_strange_texts_are_made_to_fit() {
    let long = "a title or name that goes on ".repeat(20);
    let figure = cost_curves(&long, &[curve(&long, [1.0, 0.5]), curve("\0\n", [1.0])]).unwrap();
    assert!(!figure.to_svg().contains('\0'));
    let pixmap = Pixmap::decode_png(&figure.to_png()).unwrap();
    let at_edge = (0..pixmap.height()).map(|y| pixmap.pixel(pixmap.width() - 1, y).unwrap());
    assert!(at_edge.into_iter().all(|p| p.red() == 255));
    // Many curves make the legend taller, and the figure with it.
    let many: Vec<_> = (0..20)
        .map(|k| curve(&format!("curve {k}"), [1.0, 0.5]))
        .collect();
    assert_has(
        &texts(&cost_curves("", &many).unwrap()),
        &["curve 19", "iteration"],
    );
}

#[test]
fn names_of_axes_are_made_to_fit_as_well() {
    let draw = |x: &str, y: &str| {
        let curve = curve("a", [1.0, 0.5, 0.2]);
        log_log_curves("", x, y, &[curve]).unwrap()
    };
    // What has no place in XML: a file with it cannot be read at all.
    let svg = draw("bytes\0\u{1b}", "seconds\u{ffff}\u{fffe}").to_svg();
    assert!(svg.contains("bytes") && svg.contains("seconds"));
    assert!(!svg.contains(['\0', '\u{1b}', '\u{fffe}', '\u{ffff}']));

    let long = "a name that goes on ".repeat(20);
    let pixmap = Pixmap::decode_png(&draw(&long, &long).to_png()).unwrap();
    let (right, bottom) = (pixmap.width() - 1, pixmap.height() - 1);
    let mut edges = (0..=bottom).flat_map(|y| [(0, y), (right, y)]);
    assert!(edges.all(|(x, y)| pixmap.pixel(x, y).unwrap().red() == 255));
    let mut edges = (0..=right).flat_map(|x| [(x, 0), (x, bottom)]);
    assert!(edges.all(|(x, y)| pixmap.pixel(x, y).unwrap().red() == 255));
}

#[test]
fn probabilities_without_a_boundary_are_drawn() {
    let (x, y) = rings();
    for p in [0.0, 0.5, 1.0, f64::NAN, f64::INFINITY] {
        let constant = |x: &Tensor<f64>| Tensor::full([1, x.shape().dims()[1]], p);
        let figure = decision_boundary("", &x, &y, constant).unwrap();
        assert_has(&texts(&figure), &["x1", "x2"]);
        assert!(!figure.to_png().is_empty());
    }
}

#[test]
fn one_example_is_enough_for_a_boundary() {
    let x = Tensor::from([[3.0], [-2.0]]);
    let figure = decision_boundary("", &x, &Tensor::from([[1.0]]), inside).unwrap();
    let texts = texts(&figure);
    assert_has(&texts, &["y = 1"]);
    assert!(!texts.iter().any(|t| t == "y = 0"));
}

#[test]
fn examples_that_have_no_place_in_the_plane_are_refused() {
    let (x, y) = rings();
    let draw = |x: &Tensor<f64>, y: &Tensor<f64>| decision_boundary("", x, y, inside).unwrap_err();

    let error = draw(&Tensor::zeros([3, 24]), &y);
    assert!(matches!(error, PlotError::Shapes { .. }));
    let message = error.to_string();
    assert!(
        message.contains("(3, 24)") && message.contains("(1, 24)"),
        "{message}"
    );
    for (x, y) in [([2, 0], [1, 0]), ([2, 3], [1, 4]), ([2, 3], [3, 1])] {
        let error = draw(&Tensor::zeros(x), &Tensor::zeros(y));
        assert!(matches!(error, PlotError::Shapes { .. }));
    }

    let mut lost = x.clone();
    lost[[1, 5]] = f64::NAN;
    assert!(matches!(
        draw(&lost, &y),
        PlotError::Example { example: 5, .. }
    ));

    let mut unlabelled = y.clone();
    unlabelled[[0, 7]] = -1.0;
    let error = draw(&x, &unlabelled);
    assert!(matches!(error, PlotError::Label { example: 7, .. }));
    assert!(error.to_string().contains("labels 0 and 1"));
}

#[test]
#[should_panic(expected = "have shape (1, ")]
fn a_closure_with_another_shape_is_a_mistake() {
    let (x, y) = rings();
    let _ = decision_boundary("", &x, &y, |points| points.clone());
}

#[test]
fn the_extension_decides_the_format() {
    let folder = tempfile::tempdir().unwrap();
    let figure = costs();
    for (name, bytes) in [
        ("a.svg", figure.to_svg().into_bytes()),
        ("a.png", figure.to_png()),
        ("A.PNG", figure.to_png()),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, "an older file").unwrap();
        figure.save(&path).unwrap();
        assert!(fs::read(&path).unwrap() == bytes, "{name}");
    }
    for name in ["a.jpg", "a", ".png", "a.svg.gz"] {
        let error = figure.save(folder.path().join(name)).unwrap_err();
        assert!(matches!(error, PlotError::Format { .. }));
        assert!(error.to_string().contains(".svg or .png"), "{error}");
        assert!(!folder.path().join(name).exists());
    }
}

#[test]
fn a_path_that_cannot_be_written_is_named_and_nothing_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing").join("a.svg");
    let error = costs().save(&path).unwrap_err();
    assert!(matches!(error, PlotError::Write(_)));
    let message = error.to_string();
    assert!(message.contains("missing") && message.contains("create it"));

    // A folder of that name cannot be replaced by a file.
    let taken = folder.path().join("taken.png");
    fs::create_dir(&taken).unwrap();
    assert!(matches!(costs().save(&taken), Err(PlotError::Write(_))));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
