//! `drop` against what else a resource does with its answers.

use super::fields::Value;

/// Refuses to drop what is expected, and to track what is dropped or holds it: recorded values are kept as well.
pub(super) fn check(value: Value<'_>, drop: &[String], expect: &[String], track: &[(String, String)]) {
    for dropped in drop {
        if let Some(expected) = expect.iter().find(|pointer| is_within(pointer, dropped)) {
            value.refuse::<()>(format!("has \"{dropped}\", but `expect` needs \"{expected}\""));
        }
        if let Some((name, tracked)) = track.iter().find(|(_, pointer)| meet(pointer, dropped)) {
            value.refuse::<()>(format!("has \"{dropped}\", but `track` would record it: `{name}` is \"{tracked}\""));
        }
    }
}

fn is_within(pointer: &str, dropped: &str) -> bool {
    meet(pointer, dropped) && pointer.split('/').count() >= dropped.split('/').count()
}

/// Whether one of the two is inside the other.
fn meet(pointer: &str, dropped: &str) -> bool {
    pointer.split('/').zip(dropped.split('/')).all(|(step, dropped)| dropped == "*" || step == dropped)
}
