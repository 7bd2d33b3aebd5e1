use gradproof::layers::*;
#[test]
fn he() {
    let train = make_circles(300, 0.05, 0.8, &mut NumpyRandom::seed(1)).unwrap();
    for by in [GradientBy::Tape, GradientBy::Hand] {
        let mut m = Mlp::new(&[2,10,5,1], &He, &mut NumpyRandom::seed(3)).unwrap();
        let t = std::time::Instant::now();
        let h = m.fit(&train, &Training{gradient: by, ..Default::default()}, ()).unwrap();
        println!("{:?} {:?} {:?} acc {}", by, t.elapsed(), h.costs(), m.accuracy(&train));
    }
}
