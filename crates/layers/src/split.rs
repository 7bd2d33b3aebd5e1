//! Parts of a data set with the classes in proportion.

use autodiff::Scalar;
use thiserror::Error;

use crate::{Dataset, RandomStream};

/// A data set in two parts.
///
/// ```
/// use layers::{NumpyRandom, make_circles, stratified_split};
///
/// let data = make_circles(300, 0.05, 0.8, &mut NumpyRandom::seed(1))?;
/// let split = stratified_split(&data, 0.2, &mut NumpyRandom::seed(0))?;
/// assert_eq!((split.train.examples(), split.test.examples()), (240, 60));
/// let first = split.test_examples[0];
/// assert_eq!(split.test.x()[[0, 0]], data.x()[[0, first]]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Split<S> {
    /// What to learn from.
    pub train: Dataset<S>,
    /// What to be judged by.
    pub test: Dataset<S>,
    /// Where the examples of `train` are in the whole, ascending and counted from 0.
    pub train_examples: Vec<usize>,
    /// Where those of `test` are.
    pub test_examples: Vec<usize>,
}

/// Why a data set was not split.
///
/// ```
/// use layers::{NumpyRandom, SplitError, make_circles, stratified_split};
///
/// let data = make_circles(10, 0.05, 0.8, &mut NumpyRandom::seed(1))?;
/// let error = stratified_split(&data, 1.0, &mut NumpyRandom::seed(0)).unwrap_err();
/// assert_eq!(error, SplitError::Fraction(1.0));
/// # Ok::<(), layers::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum SplitError {
    /// The fraction is not between 0 and 1.
    #[error("the test fraction is {0}: give a number between 0 and 1, such as 0.2")]
    Fraction(f64),
    /// There are too few folds.
    #[error("{0} folds: give at least 2")]
    Folds(usize),
    /// A part would have no example of a class.
    #[error(
        "class {class} has {examples} examples, too few for every part to have one: \
         give more examples, another fraction, or fewer folds"
    )]
    Class {
        /// The class, 0 or 1.
        class: usize,
        /// How many examples of it there are.
        examples: usize,
    },
}

/// Splits the examples at random into a training and a test part, each class on its own, so that
/// both parts have the classes in the proportion of the whole.
///
/// The test part has `test_fraction` of the examples, rounded to a whole number, and of either class
/// within one example of that fraction. Within a part the order is that of the data.
///
/// # Errors
///
/// If `test_fraction` is not between 0 and 1, or a part would lack a class.
///
/// ```
/// use layers::{NumpyRandom, make_circles, stratified_split};
///
/// let data = make_circles(100, 0.05, 0.8, &mut NumpyRandom::seed(1))?;
/// let split = stratified_split(&data, 0.3, &mut NumpyRandom::seed(0))?;
/// let inner = split.test.y().as_slice().iter().sum::<f64>();
/// assert_eq!((split.test.examples(), inner), (30, 15.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn stratified_split<S: Scalar>(
    data: &Dataset<S>,
    test_fraction: f64,
    random: &mut dyn RandomStream,
) -> Result<Split<S>, SplitError> {
    if !(0.0 < test_fraction && test_fraction < 1.0) {
        return Err(SplitError::Fraction(test_fraction));
    }
    let rounded = |count: usize| (test_fraction * count as f64).round() as usize;
    let classes = shuffled_classes(data, random);
    let zeros = rounded(classes[0].len());
    let in_test = [zeros, rounded(data.examples()).saturating_sub(zeros)];
    let mut test = Vec::new();
    for (class, (examples, count)) in classes.iter().zip(in_test).enumerate() {
        if count == 0 || count >= examples.len() {
            let examples = examples.len();
            return Err(SplitError::Class { class, examples });
        }
        test.extend(&examples[..count]);
    }
    Ok(apart(data, test))
}

/// `folds` ways to split the examples for cross-validation: every example is in the test part of
/// exactly one, and the classes are in proportion in all of them.
///
/// The test parts differ by one example at most, in all and of either class.
///
/// # Errors
///
/// If there are fewer than 2 folds, or fewer examples of a class than folds.
///
/// ```
/// use layers::{NumpyRandom, make_circles, stratified_k_fold};
///
/// let data = make_circles(100, 0.05, 0.8, &mut NumpyRandom::seed(1))?;
/// let folds = stratified_k_fold(&data, 3, &mut NumpyRandom::seed(0))?;
/// let sizes: Vec<usize> = folds.iter().map(|fold| fold.test.examples()).collect();
/// assert_eq!(sizes, [34, 33, 33]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn stratified_k_fold<S: Scalar>(
    data: &Dataset<S>,
    folds: usize,
    random: &mut dyn RandomStream,
) -> Result<Vec<Split<S>>, SplitError> {
    if folds < 2 {
        return Err(SplitError::Folds(folds));
    }
    let classes = shuffled_classes(data, random);
    for (class, examples) in classes.iter().enumerate() {
        let examples = examples.len();
        if examples < folds {
            return Err(SplitError::Class { class, examples });
        }
    }
    // Dealt like cards, the second class from where the first one ended.
    let dealt = classes.concat();
    let test = |fold| dealt.iter().skip(fold).step_by(folds).copied().collect();
    Ok((0..folds).map(|fold| apart(data, test(fold))).collect())
}

/// The examples of class 0 and those of class 1, each in a random order.
fn shuffled_classes<S: Scalar>(
    data: &Dataset<S>,
    random: &mut dyn RandomStream,
) -> [Vec<usize>; 2] {
    let labels = data.y().as_slice();
    [S::zero(), S::one()].map(|class| {
        let mut examples: Vec<usize> = (0..labels.len()).filter(|&k| labels[k] == class).collect();
        random.shuffle(&mut examples);
        examples
    })
}

/// The split with these examples as the test part.
fn apart<S: Scalar>(data: &Dataset<S>, mut test_examples: Vec<usize>) -> Split<S> {
    test_examples.sort_unstable();
    let train_examples: Vec<usize> = (0..data.examples())
        .filter(|k| test_examples.binary_search(k).is_err())
        .collect();
    Split {
        train: data.select(&train_examples),
        test: data.select(&test_examples),
        train_examples,
        test_examples,
    }
}
