//! How a wrong rule is written down: only what is wrong about it.
//!
//! `Registered` is implemented by hand here, and nowhere else: `register!` would enter the mutants
//! among the ops that every test binary checks.

/// Elementwise ops with other derivatives: each is named, says what it is a mutant of, what was
/// done, which diagnoses describe it, and the wrong derivative of one element.
macro_rules! wrong_derivatives {
    ($(
        $name:ident of $op:ty: $kind:literal, $accepted:expr,
        |$self:pat_param, $x:pat_param, $y:pat_param| $derivative:expr;
    )+) => {
        $(
            #[derive(Debug, Default)]
            struct $name($op);

            impl autodiff::Registered for $name {
                const NAME: &'static str = <$op as autodiff::Registered>::NAME;
            }

            impl autodiff::Pointwise for $name {
                type Args<T: Copy> = <$op as autodiff::Pointwise>::Args<T>;
                const VECTORIZES: bool = false;

                fn eval<S: Scalar>(&self, x: Self::Args<S>) -> S {
                    self.0.eval(x)
                }

                fn derivative<S: Scalar>(&self, $x: Self::Args<S>, $y: S) -> Self::Args<S> {
                    let $self = &self.0;
                    $derivative
                }

                fn domain(&self) -> Self::Args<autodiff::signature::Domain> {
                    self.0.domain()
                }

                fn kinks(&self) -> Vec<autodiff::signature::Kink> {
                    self.0.kinks()
                }

                fn composition<'t, S: Scalar>(
                    &self,
                    x: &[autodiff::Var<'t, S>],
                ) -> Option<autodiff::Var<'t, S>> {
                    autodiff::Pointwise::composition(&self.0, x)
                }

                fn draw(draw: &mut autodiff::signature::Draw<'_>) -> Self {
                    Self(<$op as autodiff::Pointwise>::draw(draw))
                }
            }
        )+

        /// The mutants of this file.
        pub(super) fn all() -> Vec<Mutant> {
            vec![$(Mutant::of::<$op, $name>($kind, &$accepted)),+]
        }
    };
}

/// Other ops with other vjps, written as the op's own would be.
macro_rules! wrong_vjps {
    ($(
        $name:ident of $op:ty: $kind:literal, $accepted:expr,
        |$self:pat_param, $x:ident, $y:pat_param, $y_bar:ident, $x_bar:ident| $body:block
    )+) => {
        $(
            #[derive(Debug)]
            struct $name($op);

            impl autodiff::Registered for $name {
                const NAME: &'static str = <$op as autodiff::Registered>::NAME;
            }

            impl autodiff::Op for $name {
                fn output_shape(
                    &self,
                    inputs: &[autodiff::Shape],
                ) -> Result<autodiff::Shape, autodiff::ShapeError> {
                    autodiff::Op::output_shape(&self.0, inputs)
                }

                fn residuals(&self, inputs: &[autodiff::Shape]) -> usize {
                    autodiff::Op::residuals(&self.0, inputs)
                }

                fn forward<S: Scalar>(&self, x: autodiff::Primals<'_, S>, y: &mut [S]) {
                    autodiff::Op::forward(&self.0, x, y);
                }

                fn vjp<S: Scalar>(
                    &self,
                    $x: autodiff::Primals<'_, S>,
                    $y: &[S],
                    $y_bar: &mut [S],
                    mut $x_bar: autodiff::Cotangents<'_, S>,
                ) {
                    let $self = &self.0;
                    $body
                }

                fn signature(
                    draw: &mut autodiff::signature::Draw<'_>,
                ) -> autodiff::signature::Signature<Self> {
                    <$op as autodiff::Op>::signature(draw).map(Self)
                }

                fn composition<'t, S: Scalar>(
                    &self,
                    x: &[autodiff::Var<'t, S>],
                ) -> Option<autodiff::Var<'t, S>> {
                    autodiff::Op::composition(&self.0, x)
                }
            }
        )+

        /// The mutants of this file.
        pub(super) fn all() -> Vec<Mutant> {
            vec![$(Mutant::of::<$op, $name>($kind, &$accepted)),+]
        }
    };
}

pub(super) use {wrong_derivatives, wrong_vjps};
