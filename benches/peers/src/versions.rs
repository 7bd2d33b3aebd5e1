//! Which versions of the peers are compiled in.

/// The direct dependencies that are compared, and the kernels below some of them.
const PEERS: [&str; 9] = [
    "autograd",
    "burn",
    "candle-core",
    "dfdx",
    "faer",
    "gemm",
    "matrixmultiply",
    "nalgebra",
    "ndarray",
];

/// Prints a line for each, as `Cargo.lock` has them: several versions if several are in use.
pub(crate) fn print() {
    let lock = include_str!("../Cargo.lock");
    for peer in PEERS {
        let name = format!("name = \"{peer}\"\nversion = \"");
        let found = lock.split(&name).skip(1);
        let versions: Vec<_> = found.filter_map(|rest| rest.split('"').next()).collect();
        println!("{peer} {}", versions.join(", "));
    }
}
