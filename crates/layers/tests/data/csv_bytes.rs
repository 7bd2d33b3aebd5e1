use autodiff::{Tensor, Wide};
use layers::{Dataset, read_csv, read_csv_from, write_csv};
use proptest::prelude::*;

use crate::golden::bits;

fn finite() -> impl Strategy<Value = f64> {
    any::<u64>()
        .prop_map(f64::from_bits)
        .prop_filter("finite", |x| x.is_finite())
}

/// Numbers of 106 bits whose low words are all there.
fn wide() -> impl Strategy<Value = Wide> {
    let word = || 1.0..2.0_f64;
    (word(), word(), -100..100).prop_map(|(high, low, exponent)| {
        let power = 2_f64.powi(exponent);
        Wide::new(power * high, power * low * 2_f64.powi(-55))
    })
}

/// A small file of ours, and its bytes after a few were overwritten, inserted or cut off.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let valid = b"x1,x2,label\n1,-2.5,0\r\n\"3\",4e2,1\n5,6,1\n".to_vec();
    let interesting = prop::sample::select(b"\n\r,\"0.e-naif\xff\x00\xef ".to_vec());
    let edits = prop::collection::vec((any::<prop::sample::Index>(), interesting, 0..3), 0..4);
    edits.prop_map(move |edits| {
        let mut bytes = valid.clone();
        for (index, byte, kind) in edits {
            let at = index.index(bytes.len().max(1)).min(bytes.len());
            match kind {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, byte),
                _ => bytes
                    .iter_mut()
                    .skip(at)
                    .take(1)
                    .for_each(|old| *old = byte),
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_a_data_set_or_an_error(
        bytes in prop_oneof![mutated(), prop::collection::vec(any::<u8>(), 0..200)],
    ) {
        // The promises of a data set are checked again from outside; every error has its message.
        match read_csv_from::<f64>(&bytes[..], "bytes") {
            Ok(data) => {
                prop_assert!(data.features() > 0 && data.examples() > 0);
                prop_assert!(data.x().as_slice().iter().all(|x| x.is_finite()));
                prop_assert!(data.y().as_slice().iter().all(|&y| y == 0.0 || y == 1.0));
            }
            Err(error) => prop_assert!(error.to_string().starts_with("bytes: ")),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    #[test]
    fn every_f64_comes_back_to_the_bit(
        x in prop::collection::vec(finite(), 1..40),
        labels in prop::collection::vec(any::<bool>(), 40),
    ) {
        let m = x.len();
        let y = labels[..m].iter().map(|&one| f64::from(one)).collect();
        let data = Dataset::new(Tensor::new([1, m], x), Tensor::new([1, m], y)).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data.csv");
        write_csv(&path, &data).unwrap();
        let back = read_csv::<f64>(&path).unwrap();
        prop_assert_eq!(bits(back.x().as_slice()), bits(data.x().as_slice()));
        prop_assert_eq!(back.y(), data.y());
    }

    #[test]
    fn a_wide_number_comes_back_to_31_digits(x in wide()) {
        let data = Dataset::new(Tensor::from([[x]]), Tensor::from([[Wide::from(1.0)]])).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data.csv");
        write_csv(&path, &data).unwrap();
        let back = read_csv::<Wide>(&path).unwrap().x().item();
        prop_assert!(((back - x) / x).to_f64().abs() < 1e-30);
    }
}
