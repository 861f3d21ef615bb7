//! What tells of the upstream as a whole: distributions, records, metadata, health.

use serde_json::{Value, json};

use super::cohort::{Cohort, PRO_COHORTS};
use super::player_match::PlayerMatch;
use super::world::World;
use crate::answer::Answer;
use crate::dice::Dice;

/// Players by rank; counted once an hour.
pub(crate) fn distributions(world: World) -> Value {
    const MEDALS: [&str; 7] = ["Herald", "Guardian", "Crusader", "Archon", "Legend", "Ancient", "Divine"];
    let hours = world.now.saturating_sub(1_700_000_000) / 3_600;
    let bins = (1..)
        .zip(MEDALS)
        .flat_map(|(medal, name)| (1..=5).map(move |star| (medal * 10 + star, format!("{name} {star}"))));
    let bins = bins.chain([(80_u64, "Immortal".to_owned())]);
    let mut sum = 0;
    let rows: Vec<Value> = bins
        .map(|(bin, name)| {
            let mut dice = Dice::of(&[121, bin]);
            let count = dice.between(20_000, 160_000) + hours * dice.below(3);
            sum += count;
            json!({ "bin": bin, "bin_name": name, "count": count, "cumulative_sum": sum })
        })
        .collect();
    json!({ "ranks": { "rows": rows, "sum": { "count": sum } } })
}

/// The hundred highest values of a measure among the latest matches of professionals.
pub(crate) fn records(world: World, field: &str) -> Value {
    let played = |cohort| {
        let games = Cohort::new(cohort).games(world).take(20);
        games.flat_map(move |game| game.seats().map(|seat| PlayerMatch::new(game, seat, world.now)))
    };
    let mut rows: Vec<(u64, PlayerMatch)> =
        PRO_COHORTS.flat_map(played).filter_map(|played| Some((played.measure(field)?, played))).collect();
    rows.sort_by_key(|(score, played)| std::cmp::Reverse((*score, played.game.id())));
    let row = |(score, played): &(u64, PlayerMatch)| {
        json!({
            "match_id": played.game.id(), "start_time": played.game.started_at(),
            "hero_id": played.seat.hero.id, "score": score,
        })
    };
    rows.iter().take(100).map(row).collect()
}

pub(crate) fn metadata() -> Value {
    json!({
        "scenarios": {
            "itemCost": 1_400, "timings": [450, 600, 720, 900, 1_200, 1_500, 1_800, 2_700], "gameDurationBucket": [900, 1_800, 2_700, 3_600],
            "teamScenariosQueryParams": ["pos_chat_1min", "neg_chat_1min", "courier_kill", "first_blood"],
        },
        "user": null, "isSubscriber": false, "freeCallLimit": 3_000, "freeRateLimit": 60, "premRateLimit": 300, "beta": false,
    })
}

pub(crate) fn health(world: World, metric: Option<&str>) -> Answer {
    let metrics = ["parseDelay", "fhDelay", "gcDelay", "postgresUsage", "cassandraUsage", "redisUsage"];
    let minute = world.now / 60;
    let entry = |name: &str| json!({ "metric": Dice::of(&[122, name.len() as u64, minute]).below(900), "limit": 1_000, "timestamp": minute * 60 });
    match metric {
        None => Answer::found(&metrics.iter().map(|name| ((*name).to_owned(), entry(name))).collect()),
        Some(name) if metrics.contains(&name) => Answer::found(&entry(name)),
        Some(_) => Answer::not_found(),
    }
}

#[cfg(test)]
mod tests {
    use super::{World, distributions, health, records};
    use axum::http::StatusCode;

    const NOW: u64 = 1_795_154_136;

    #[test]
    fn a_distribution_adds_up() {
        let ranks = &distributions(World::at(NOW, NOW))["ranks"];
        let rows = ranks["rows"].as_array().unwrap();
        let total: u64 = rows.iter().map(|row| row["count"].as_u64().unwrap()).sum();
        assert_eq!(rows.len(), 36);
        assert_eq!(ranks["sum"]["count"].as_u64().unwrap(), total);
        assert_eq!(rows[35]["cumulative_sum"].as_u64().unwrap(), total);
    }

    #[test]
    fn records_are_highest_first_and_unknown_ones_empty() {
        let rows = records(World::at(NOW, NOW), "kills");
        let scores: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["score"].as_u64().unwrap()).collect();
        assert_eq!(scores.len(), 100);
        assert!(scores.is_sorted_by(|one, next| one >= next));
        assert_eq!(records(World::at(NOW, NOW), "shoes").as_array().unwrap().len(), 0);
    }

    #[test]
    fn a_single_metric_is_served_by_its_name() {
        let status = |metric| health(World::at(NOW, NOW), metric).status;
        assert_eq!(
            [None, Some("gcDelay"), Some("shoes")].map(status),
            [StatusCode::OK, StatusCode::OK, StatusCode::NOT_FOUND]
        );
    }
}
