use layers::RandomStream;
use rand::{SeedableRng, rngs::StdRng};

#[test]
fn a_generator_of_the_rand_crate_is_a_stream() {
    const DRAWS: usize = 20_000;
    let stream: &mut dyn RandomStream = &mut StdRng::seed_from_u64(4);
    let uniform: Vec<f64> = (0..DRAWS).map(|_| stream.uniform()).collect();
    let normal: Vec<f64> = (0..DRAWS).map(|_| stream.standard_normal()).collect();
    let moment = |draws: &[f64], k| draws.iter().map(|x| x.powi(k)).sum::<f64>() / DRAWS as f64;
    // Five standard errors of each mean.
    let near = |value: f64, expected: f64, deviation: f64| {
        (value - expected).abs() <= 5.0 * deviation / (DRAWS as f64).sqrt()
    };
    assert!(uniform.iter().all(|u| (0.0..1.0).contains(u)));
    assert!(near(moment(&uniform, 1), 0.5, 0.29));
    assert!(near(moment(&uniform, 2), 1.0 / 3.0, 0.3));
    assert!(near(moment(&normal, 1), 0.0, 1.0));
    assert!(near(moment(&normal, 2), 1.0, 2.0_f64.sqrt()));

    let mut order: Vec<usize> = (0..100).collect();
    stream.shuffle(&mut order);
    assert!(!order.is_sorted());
    order.sort_unstable();
    assert!(order.into_iter().eq(0..100));
}
