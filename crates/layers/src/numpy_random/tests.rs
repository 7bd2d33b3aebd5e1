//! Against NumPy's own numbers, recorded in `tests/golden/rng.txt`.

use std::fmt::Debug;
use std::str::FromStr;

use super::*;

/// The lines of the recording: what was drawn, the seed, and the values.
fn recording() -> impl Iterator<Item = (&'static str, u32, Vec<&'static str>)> {
    let lines = include_str!("../../tests/golden/rng.txt").lines();
    lines.filter(|line| !line.starts_with('#')).map(|line| {
        let mut words = line.split_whitespace();
        let (name, seed) = (words.next().unwrap(), words.next().unwrap());
        (name, seed.parse().unwrap(), words.collect())
    })
}

fn numbers<T: FromStr<Err: Debug>>(words: &[&str]) -> Vec<T> {
    words.iter().map(|word| word.parse().unwrap()).collect()
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn every_recorded_draw_is_numpys() {
    let mut lines = 0;
    for (name, seed, expected) in recording() {
        let mut rng = NumpyRandom::seed(seed);
        let n = expected.len();
        let context = format!("{name}, seed {seed}");
        match name {
            "u32" => {
                let drawn: Vec<u32> = (0..n).map(|_| rng.words.next_u32()).collect();
                assert_eq!(drawn, numbers::<u32>(&expected), "{context}");
            }
            "u32_at_2000" => {
                // The 2000th word, in the fourth block of 624.
                let drawn = (0..2000).map(|_| rng.words.next_u32()).last();
                assert_eq!(drawn, expected[0].parse().ok(), "{context}");
            }
            "rand" | "randn" => {
                let draw = match name {
                    "rand" => NumpyRandom::random_sample,
                    _ => NumpyRandom::randn,
                };
                let drawn: Vec<f64> = (0..n).map(|_| draw(&mut rng)).collect();
                assert_eq!(bits(&drawn), bits(&numbers(&expected)), "{context}");
            }
            "shuffle10" | "shuffle300" => {
                assert_eq!(rng.permutation(n), numbers::<usize>(&expected), "{context}");
            }
            "rand_after_shuffle10" | "rand_after_shuffle300" => {
                let n = name.trim_start_matches("rand_after_shuffle").parse();
                let _ = rng.permutation(n.unwrap());
                let drawn = bits(&[rng.random_sample()]);
                assert_eq!(drawn, bits(&numbers(&expected)), "{context}");
            }
            other => panic!("the recording has a line `{other}` that nothing checks"),
        }
        lines += 1;
    }
    assert_eq!(lines, 48);
}

#[test]
fn the_second_normal_of_a_pair_survives_other_draws() {
    let mut plain = NumpyRandom::seed(3);
    let pair = [plain.randn(), plain.randn()];

    let mut rng = NumpyRandom::seed(3);
    let first = rng.randn();
    let _ = rng.random_sample();
    let _ = rng.permutation(7);
    assert_eq!(bits(&[first, rng.randn()]), bits(&pair));
    // The words drawn in between are gone: the next pair is another.
    assert_ne!(rng.randn(), plain.randn());
}

#[test]
fn shuffling_nothing_or_one_item_draws_nothing() {
    let mut rng = NumpyRandom::seed(1);
    assert!(rng.permutation(0).is_empty());
    assert_eq!(rng.permutation(1), [0]);
    assert_eq!(rng.random_sample(), 0.417022004702574);
}

#[test]
fn bounded_integers_reach_both_ends() {
    let mut rng = NumpyRandom::seed(5);
    for max in [1, 2, 3, 4, 7, 8] {
        let mut seen = vec![false; max as usize + 1];
        for _ in 0..500 {
            seen[rng.bounded(max) as usize] = true;
        }
        assert!(seen.iter().all(|&seen| seen), "0..={max}: {seen:?}");
    }
}

#[test]
fn a_normal_is_shifted_after_it_is_scaled() {
    let g = NumpyRandom::seed(2).randn();
    assert_eq!(NumpyRandom::seed(2).normal(10.0, 3.0), 10.0 + 3.0 * g);
}

#[test]
#[should_panic(expected = "at least 0")]
fn a_deviation_that_is_not_a_number_is_refused() {
    let _ = NumpyRandom::seed(1).normal(0.0, f64::NAN);
}

/// The first words of `mt19937ar.out`, which its authors publish beside the algorithm.
#[test]
fn a_key_of_several_integers_is_initialized_as_published() {
    let mut rng = NumpyRandom::seed_by_array(&[0x123, 0x234, 0x345, 0x456]);
    let words = [(); 10].map(|()| rng.words.next_u32());
    assert_eq!(
        words,
        [
            1067595299, 955945823, 477289528, 4107218783, 4228976476, 3344332714, 3355579695,
            227628506, 810200273, 2591290167
        ]
    );
}
