//! Property tests inside stories, whose checks await the store.

use std::fmt::Debug;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{TestCaseResult, TestRunner};

/// Smaller failing values that are looked for at most.
const SHRINKS_MAX: usize = 200;

/// Checks that `holds` for as many random values; shows the smallest found for which it does not.
pub async fn for_all<S>(
    cases: usize,
    strategy: S,
    mut holds: impl AsyncFnMut(S::Value) -> TestCaseResult,
) where
    S: Strategy,
    S::Value: Debug + Clone,
{
    let mut runner = TestRunner::default();
    for case in 0..cases {
        let mut tree = strategy.new_tree(&mut runner).expect("the strategy makes values");
        let Err(mut failure) = holds(tree.current()).await else { continue };
        let mut smallest = tree.current();
        let mut goes_on = tree.simplify();
        for _ in 0..SHRINKS_MAX {
            if !goes_on {
                break;
            }
            goes_on = match holds(tree.current()).await {
                Ok(()) => tree.complicate(),
                Err(error) => {
                    (failure, smallest) = (error, tree.current());
                    tree.simplify()
                }
            };
        }
        panic!("case {case}: {failure}\n{smallest:#?}");
    }
}
