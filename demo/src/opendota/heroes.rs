//! `/heroes` and what lies below it.

use serde_json::{Value, json};

use super::cohort::PRO_COHORTS;
use super::filter::Query;
use super::hero_names::{self, HEROES, Hero};
use super::world::World;
use super::{filter, items, pro, rankings};
use crate::answer::Answer;
use crate::dice::Dice;
use axum::http::StatusCode;

const ROLES: [&str; 9] =
    ["Carry", "Support", "Nuker", "Disabler", "Durable", "Escape", "Pusher", "Initiator", "Jungler"];

pub(crate) fn list() -> Value {
    HEROES.iter().map(identity).collect()
}

/// The fields every list of heroes has.
pub(crate) fn identity(hero: &Hero) -> Value {
    json!({
        "id": hero.id, "name": format!("npc_dota_hero_{}", hero.tag), "primary_attr": hero.attribute,
        "attack_type": if hero.melee { "Melee" } else { "Ranged" }, "roles": roles(hero), "localized_name": hero.name,
        "legs": 2 * Dice::of(&[91, hero.id.into()]).between(0, 2),
    })
}

pub(crate) fn answer(world: World, hero: &str, below: &str) -> Answer {
    let hero = hero_names::by_id(hero);
    let rows = |of: fn(World, &Hero) -> Value| hero.map_or_else(|| json!([]), |hero| of(world, hero));
    Answer::found(&match below {
        "matches" => rows(matches),
        "matchups" => rows(matchups),
        "durations" => rows(durations),
        "players" => rows(players),
        "itemPopularity" => rows(item_popularity),
        _ => return Answer::not_found(),
    })
}

/// `/rankings?hero_id=` and `/benchmarks?hero_id=`.
pub(crate) fn by_query(world: World, query: &Query, of: fn(World, &Hero) -> Value) -> Answer {
    let Some(asked) = filter::values(query, "hero_id").next() else {
        return Answer::error(StatusCode::BAD_REQUEST, "hero_id is not a string");
    };
    hero_names::by_id(asked).map_or_else(Answer::not_found, |hero| Answer::found(&of(world, hero)))
}

pub(crate) fn ranking(world: World, hero: &Hero) -> Value {
    rankings::of_hero(hero, world)
}

pub(crate) fn benchmarks(world: World, hero: &Hero) -> Value {
    const MEASURES: [(&str, f64); 8] = [
        ("gold_per_min", 700.0),
        ("xp_per_min", 900.0),
        ("kills_per_min", 0.5),
        ("last_hits_per_min", 9.0),
        ("hero_damage_per_min", 1_200.0),
        ("hero_healing_per_min", 200.0),
        ("tower_damage", 12_000.0),
        ("stuns_per_min", 3.0),
    ];
    // The upstream shows the counts of the hour before.
    let mut dice = Dice::of(&[92, hero.id.into(), world.now / 3_600]);
    let mut curve = |highest: f64| {
        let scale = highest * (0.9 + 0.1 * dice.fraction());
        let percentiles = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];
        percentiles.iter().map(|at| json!({ "percentile": at, "value": at * scale })).collect::<Value>()
    };
    let result: Value = MEASURES.iter().map(|(name, highest)| ((*name).to_owned(), curve(*highest))).collect();
    json!({ "hero_id": hero.id, "result": result })
}

/// The hundred newest league matches with this hero.
fn matches(world: World, hero: &Hero) -> Value {
    let mut rows = Vec::new();
    for game in pro::league_games(world, 20) {
        let Some(seat) = game.seats().into_iter().find(|seat| seat.hero == hero) else { continue };
        let played = super::player_match::PlayerMatch::new(game, seat, world.now);
        let league = game.league().map_or(0, |league| league.id);
        rows.push(json!({
            "match_id": game.id(), "start_time": game.started_at(), "duration": game.duration_secs(),
            "radiant_win": game.radiant_win(), "leagueid": league, "league_name": pro::league_name(league),
            "radiant": seat.radiant, "player_slot": seat.player_slot(), "account_id": seat.account,
            "kills": played.score.kills, "deaths": played.score.deaths, "assists": played.score.assists,
        }));
        if rows.len() == 100 {
            break;
        }
    }
    Value::Array(rows)
}

fn matchups(world: World, hero: &Hero) -> Value {
    let others = HEROES.iter().filter(|other| *other != hero);
    let mut rows: Vec<(u64, u64, u32)> = others
        .map(|other| {
            let (played, wins) = grown(world, &[93, hero.id.into(), other.id.into()]);
            (played, wins, other.id)
        })
        .collect();
    rows.sort_by_key(|(played, ..)| std::cmp::Reverse(*played));
    rows.into_iter().map(|(played, wins, id)| json!({ "hero_id": id, "games_played": played, "wins": wins })).collect()
}

fn durations(world: World, hero: &Hero) -> Value {
    let bin = |bin: u64| {
        let (played, wins) = grown(world, &[94, hero.id.into(), bin]);
        json!({ "duration_bin": bin * 300, "games_played": played, "wins": wins })
    };
    (2..24).map(bin).collect()
}

fn players(world: World, hero: &Hero) -> Value {
    let mut rows: Vec<(u64, u64, u32)> = PRO_COHORTS
        .map(|cohort| {
            let account = cohort * 10 + hero.id % 10;
            let (played, wins) = grown(world, &[95, hero.id.into(), account.into()]);
            (played, wins, account)
        })
        .collect();
    rows.sort_by_key(|(played, ..)| std::cmp::Reverse(*played));
    rows.into_iter()
        .map(|(played, wins, id)| json!({ "account_id": id, "games_played": played, "wins": wins }))
        .collect()
}

fn item_popularity(world: World, hero: &Hero) -> Value {
    let stage = |stage: u64| {
        let mut dice = Dice::of(&[96, hero.id.into(), stage]);
        let bought = items::build(&mut dice, 12);
        let count = |item: &items::Item| {
            (item.id.to_string(), json!(grown(world, &[97, hero.id.into(), stage, item.id.into()]).0))
        };
        bought.iter().map(count).collect::<Value>()
    };
    json!({
        "start_game_items": stage(0), "early_game_items": stage(1), "mid_game_items": stage(2), "late_game_items": stage(3),
    })
}

/// Matches and wins that only grow, by one every half hour to two days.
fn grown(world: World, seed: &[u64]) -> (u64, u64) {
    let mut dice = Dice::of(seed);
    let every_secs = dice.between(1_800, 172_800);
    let played = dice.below(30) + world.now.saturating_sub(1_700_000_000) / every_secs;
    (played, played * dice.between(42, 58) / 100)
}

fn roles(hero: &Hero) -> Vec<&'static str> {
    let mut dice = Dice::of(&[98, hero.id.into()]);
    let first = dice.index(ROLES.len());
    let count = dice.index(3) + 2;
    ROLES.iter().cycle().skip(first).step_by(2).take(count).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::{HEROES, World, answer, by_query, ranking};
    use axum::http::StatusCode;
    use serde_json::Value;

    const NOW: u64 = 1_795_154_136;

    fn asked(now: u64, hero: &str, below: &str) -> Value {
        serde_json::from_slice(&answer(World::at(now, NOW), hero, below).body).unwrap()
    }

    #[test]
    fn a_hero_s_counts_only_grow() {
        let games = |now, below: &str| -> u64 {
            let rows = asked(now, "14", below);
            rows.as_array().unwrap().iter().map(|row| row["games_played"].as_u64().unwrap()).sum()
        };
        for below in ["matchups", "durations", "players"] {
            assert!(games(NOW, below) < games(NOW + 86_400, below), "{below}");
        }
    }

    #[test]
    fn a_hero_s_matches_are_league_matches_newest_first() {
        let rows = asked(NOW, "14", "matches");
        let ids: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["match_id"].as_u64().unwrap()).collect();
        assert!(ids.len() > 50 && ids.is_sorted_by(|one, next| one > next), "{}", ids.len());
    }

    #[test]
    fn an_unknown_hero_has_no_rows_and_a_missing_one_is_refused() {
        assert_eq!(asked(NOW, "24", "matchups"), Value::Array(Vec::new()));
        assert_eq!(by_query(World::at(NOW, NOW), &[], ranking).status, StatusCode::BAD_REQUEST);
        assert_eq!(answer(World::at(NOW, NOW), "14", "shoes").status, StatusCode::NOT_FOUND);
        assert_eq!(HEROES.len(), 127);
    }
}
