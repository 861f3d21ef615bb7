//! No upstream is called more often than its budget.

use crate::asking::nothing_untoward_was_logged;
use weir_e2e::{Options, World};

#[tokio::test(flavor = "multi_thread")]
async fn misses_beyond_the_budget_are_told_when_to_come_back() {
    let world = World::start(Options { isolates: 2, ..Options::default() }).await;
    let mut refused = 0;
    for player in 0..70_u32 {
        let isolate = u8::try_from(player % 2).unwrap_or_default() + 1;
        let answer = world.get(isolate, &format!("/opendota/api/players/{}", 5_000_000 + player * 16), &[]).await;
        if answer.status == 503 {
            refused += 1;
            let wait = answer.header("retry-after").and_then(|secs| secs.parse::<u64>().ok());
            assert!(wait.is_some_and(|secs| (1..=66).contains(&secs)), "a minute and its slice: {wait:?}");
        } else {
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
    }
    assert_eq!(world.demo().total_calls().await, 60, "60 a minute");
    assert_eq!(refused, 10);
    nothing_untoward_was_logged(&world).await;
}
