//! `/search`: accounts by a part of their name.

use std::collections::HashSet;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::account;
use super::cohort::PRO_COHORTS;
use super::filter::{self, Query};
use super::world::World;
use crate::answer::Answer;

/// The accounts that can be found: the professionals, and 10,000 about the examples of the documentation.
fn findable() -> impl Iterator<Item = u32> {
    (PRO_COHORTS.start * 10..PRO_COHORTS.end * 10).chain(86_740_000..86_750_000).filter(|id| account::exists(*id))
}

pub(crate) fn answer(world: World, query: &Query) -> Answer {
    let Some(asked) = filter::values(query, "q").next() else {
        return Answer::error(StatusCode::BAD_REQUEST, "q is not a string");
    };
    let asked = asked.trim().to_lowercase();
    if (3..=50).contains(&asked.chars().count()) {
        Answer::found(&found(&asked, world.now))
    } else {
        Answer::error(StatusCode::BAD_REQUEST, "q must be 3 to 50 characters long")
    }
}

/// The fifty most similar names that contain what was asked for; an account id finds that account.
fn found(asked: &str, now: u64) -> Value {
    let by_id = asked.parse::<u32>().ok().filter(|id| account::exists(*id));
    let mut rows: Vec<(f64, u32, String)> = findable()
        .filter_map(|id| {
            let name = account::personaname(id, now);
            let lower = name.to_lowercase();
            lower.contains(asked).then(|| (similarity(asked, &lower), id, name))
        })
        .collect();
    rows.sort_by(|(one, first, _), (other, second, _)| other.total_cmp(one).then(first.cmp(second)));
    let by_id = by_id.map(|id| (1.0, id, account::personaname(id, now)));
    by_id.into_iter().chain(rows).take(50).map(|(similarity, id, name)| row(id, &name, similarity, now)).collect()
}

fn row(id: u32, name: &str, similarity: f64, now: u64) -> Value {
    json!({
        "account_id": id, "personaname": name, "avatarfull": account::avatar(id, "_full"),
        "last_match_time": account::last_match_time(id, now), "similarity": similarity,
    })
}

/// Shared three-letter groups among all, as PostgreSQL's `similarity` counts them.
fn similarity(one: &str, other: &str) -> f64 {
    let (one, other) = (trigrams(one), trigrams(other));
    let count = |groups: usize| u32::try_from(groups).map_or(0.0, f64::from);
    count(one.intersection(&other).count()) / count(one.union(&other).count()).max(1.0)
}

fn trigrams(text: &str) -> HashSet<String> {
    let padded: Vec<char> = format!("  {text} ").chars().collect();
    padded.windows(3).map(|group| group.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::{World, account, answer};
    use axum::http::StatusCode;
    use serde_json::Value;

    const NOW: u64 = 1_795_154_136;

    fn asked(q: &str) -> (StatusCode, Value) {
        let answer = answer(World::at(NOW, NOW), &[("q".to_owned(), q.to_owned())]);
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    }

    #[test]
    fn names_found_contain_what_was_asked_most_similar_first() {
        let (status, rows) = asked("Otter");
        assert_eq!(status, StatusCode::OK);
        let rows = rows.as_array().unwrap();
        assert_eq!(rows.len(), 50);
        assert!(rows.iter().all(|row| row["personaname"].as_str().unwrap().to_lowercase().contains("otter")));
        assert!(rows.is_sorted_by(|one, next| one["similarity"].as_f64() >= next["similarity"].as_f64()));
        let id = u32::try_from(rows[0]["account_id"].as_u64().unwrap()).unwrap();
        assert_eq!(rows[0]["personaname"], account::personaname(id, NOW));
    }

    #[test]
    fn too_short_and_too_long_are_refused_and_nothing_found_is_a_list() {
        assert_eq!(asked("ab").0, StatusCode::BAD_REQUEST);
        assert_eq!(asked(&"a".repeat(51)).0, StatusCode::BAD_REQUEST);
        assert_eq!(asked("zzzzqq"), (StatusCode::OK, Value::Array(Vec::new())));
        assert_eq!(answer(World::at(NOW, NOW), &[]).status, StatusCode::BAD_REQUEST);
    }
}
