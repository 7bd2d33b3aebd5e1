use autodiff::Tensor;
use layers::{Dataset, NumpyRandom, Split, SplitError, stratified_k_fold, stratified_split};
use proptest::prelude::*;

/// So many examples of class 0 and of class 1, alternating while there are both. The feature is
/// the example's place.
fn data(zeros: usize, ones: usize) -> Dataset<f64> {
    let m = zeros + ones;
    let both = 2 * zeros.min(ones);
    let label = |k: usize| {
        if k < both {
            k % 2
        } else {
            usize::from(ones > zeros)
        }
    };
    Dataset::new(
        Tensor::from_fn([1, m], |k| k as f64),
        Tensor::from_fn([1, m], |k| label(k) as f64),
    )
    .unwrap()
}

/// How many examples of class 0 and of class 1.
fn counts(data: &Dataset<f64>) -> [usize; 2] {
    let ones = data.y().as_slice().iter().filter(|&&y| y == 1.0).count();
    [data.examples() - ones, ones]
}

/// Every example is in one of the parts, and what is there is that example.
fn is_partition(split: &Split<f64>, whole: &Dataset<f64>) -> bool {
    let parts = [
        (&split.train, &split.train_examples),
        (&split.test, &split.test_examples),
    ];
    let same = parts.iter().all(|(part, examples)| {
        (0..part.examples()).all(|k| {
            let place = examples[k];
            part.x()[[0, k]] == place as f64 && part.y()[[0, k]] == whole.y()[[0, place]]
        })
    });
    let mut all = [&split.train_examples[..], &split.test_examples].concat();
    let ascending = parts.iter().all(|(_, examples)| examples.is_sorted());
    all.sort_unstable();
    same && ascending && all.into_iter().eq(0..whole.examples())
}

#[test]
fn the_seed_decides() {
    let whole = data(50, 50);
    let test = |seed| {
        let split = stratified_split(&whole, 0.2, &mut NumpyRandom::seed(seed));
        split.unwrap().test_examples
    };
    assert_eq!(test(1), test(1));
    assert_ne!(test(1), test(2));
}

#[test]
fn a_part_without_a_class_is_refused() {
    let split = |zeros, ones, fraction| {
        stratified_split(&data(zeros, ones), fraction, &mut NumpyRandom::seed(0)).unwrap_err()
    };
    let class = |class, examples| SplitError::Class { class, examples };
    assert_eq!(split(10, 0, 0.5), class(1, 0));
    assert_eq!(split(100, 1, 0.2), class(1, 1));
    assert_eq!(split(2, 20, 0.1), class(0, 2));
    assert_eq!(split(2, 20, 0.9), class(0, 2));
    for fraction in [0.0, 1.0, -0.5, 1.5] {
        assert_eq!(split(10, 10, fraction), SplitError::Fraction(fraction));
    }
    let error = split(10, 10, f64::NAN);
    assert!(matches!(error, SplitError::Fraction(f) if f.is_nan()));
    let folds =
        |folds| stratified_k_fold(&data(9, 4), folds, &mut NumpyRandom::seed(0)).unwrap_err();
    assert_eq!(folds(5), class(1, 4));
    assert_eq!(folds(1), SplitError::Folds(1));
    assert_eq!(folds(0), SplitError::Folds(0));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_split_keeps_the_proportions(
        zeros in 5_usize..60,
        ones in 5_usize..60,
        hundredths in 20_u32..80,
        seed in any::<u32>(),
    ) {
        let (whole, fraction) = (data(zeros, ones), f64::from(hundredths) / 100.0);
        let split = stratified_split(&whole, fraction, &mut NumpyRandom::seed(seed)).unwrap();
        prop_assert!(is_partition(&split, &whole));
        let size = (fraction * (zeros + ones) as f64).round() as usize;
        prop_assert_eq!(split.test.examples(), size);
        for (found, all) in counts(&split.test).into_iter().zip([zeros, ones]) {
            prop_assert!((found as f64 - fraction * all as f64).abs() <= 1.0);
            prop_assert!(found > 0 && found < all);
        }
    }

    #[test]
    fn folds_share_the_examples(
        zeros in 7_usize..40,
        ones in 7_usize..40,
        folds in 2_usize..8,
        seed in any::<u32>(),
    ) {
        let whole = data(zeros, ones);
        let splits = stratified_k_fold(&whole, folds, &mut NumpyRandom::seed(seed)).unwrap();
        prop_assert_eq!(splits.len(), folds);
        prop_assert!(splits.iter().all(|split| is_partition(split, &whole)));
        let mut tested: Vec<usize> = splits.iter().flat_map(|s| s.test_examples.clone()).collect();
        tested.sort_unstable();
        prop_assert!(tested.into_iter().eq(0..zeros + ones));
        let differ_by_one = |sizes: Vec<usize>| sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1;
        prop_assert!(differ_by_one(splits.iter().map(|s| s.test.examples()).collect()));
        for class in [0, 1] {
            prop_assert!(differ_by_one(splits.iter().map(|s| counts(&s.test)[class]).collect()));
        }
    }
}
