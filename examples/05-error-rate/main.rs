fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    let all = gradcheck::mutants::mutants();
    println!("{} mutants", all.len());
    let filter = std::env::args().nth(1).unwrap_or_default();
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| {
                loop {
                    let k = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(m) = all.get(k) else { break };
                    if !format!("{} {}", m.op(), m.kind()).contains(&filter) {
                        continue;
                    }
                    let t = std::time::Instant::now();
                    let eq = m.is_equivalent(1500);
                    let te = t.elapsed();
                    let settings = gradcheck::Settings {
                        cases: 256,
                        seed: 1,
                        regressions: None,
                    };
                    if eq {
                        println!("EQ {} {} {te:?}", m.op(), m.kind());
                        continue;
                    }
                    let t = std::time::Instant::now();
                    let r = m.convict(&settings);
                    let tr = t.elapsed();
                    match r {
                        None => println!("SURVIVES {} {} {tr:?}", m.op(), m.kind()),
                        Some(r) => {
                            let first = r.diagnosis.first();
                            let tag = match first {
                                Some(d) if m.accepted().contains(d) => "OK",
                                Some(_) => "WRONG",
                                None if m.accepted().is_empty() => "none",
                                None => "MISSED",
                            };
                            println!(
                                "{tag} {} {} {} size {} {:?} want {:?} {te:?} {tr:?}",
                                m.op(),
                                m.kind(),
                                r.check,
                                r.size(),
                                r.diagnosis,
                                m.accepted()
                            );
                        }
                    }
                }
            });
        }
    });
}
