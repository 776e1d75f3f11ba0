//! Quotas against a reference: the real stores do what a small model does that was written from
//! the argument alone, whatever a random sequence of requests, crashes, clocks and operators does
//! to them. In memory, and where `TOLLGATE_TEST_DYNAMODB` names one, on a table in DynamoDB.
//!
//! `TOLLGATE_PROPTEST_CASES` says how many sequences are tried: for a soak, many.

mod operations;
mod reference;
mod run;
mod world;

use proptest::prelude::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use operations::{Operation, Plan, operation, plan};
use run::{End, Run};
use world::World;

/// How many sequences are tried where nobody says.
const IN_MEMORY: u32 = 400;
const IN_DYNAMODB: u32 = 20;
/// How long they are.
const STEPS: usize = 40;

fn cases(ordinary: u32) -> u32 {
    let said = tollgate::settings::variable("TOLLGATE_PROPTEST_CASES");
    said.map_or(ordinary, |said| said.parse().expect("TOLLGATE_PROPTEST_CASES is a number"))
}

/// Limits, and what happens to them.
fn sequence() -> impl Strategy<Value = (Plan, Vec<Operation>)> {
    (plan(), proptest::collection::vec(operation(), 1..=STEPS))
}

fn check<F: Future<Output = Option<World>>>(cases: u32, open: impl Fn(Plan) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&sequence(), |(plan, operations)| {
        runtime.block_on(async {
            let Some(world) = open(plan.clone()).await else { return Ok(()) };
            let mut run = Run::new(&plan, world);
            for operation in &operations {
                match run.step(operation).await {
                    Ok(()) => {}
                    Err(End::Differs(how)) => return Err(TestCaseError::fail(how)),
                    Err(End::Unknown) => break,
                }
            }
            Ok(())
        })
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[test]
fn the_store_in_memory_does_what_the_reference_does() {
    check(cases(IN_MEMORY), async |plan| Some(World::in_memory(&plan)));
}

#[test]
fn the_store_in_dynamodb_does_what_the_reference_does() {
    check(cases(IN_DYNAMODB), async |plan| World::in_dynamodb(&plan).await);
}
