//! Every registered op, checked by the verifier: one test for each op and check.

gradcheck::check_ops!(autodiff, layers);
