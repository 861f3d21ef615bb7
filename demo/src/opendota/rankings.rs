//! Rankings of players by hero, and how a player's rank went.

use serde_json::{Value, json};

use super::account;
use super::cohort::{Cohort, PRO_COHORTS};
use super::hero_names::{HEROES, Hero};
use super::world::World;
use crate::calendar::iso8601;
use crate::dice::Dice;

/// The hundred best players of a hero.
pub(crate) fn of_hero(hero: &Hero, world: World) -> Value {
    let mut accounts: Vec<(u32, f64)> = PRO_COHORTS
        .map(|cohort| cohort * 10 + hero.id % 10)
        .map(|account| (account, score(account, hero, world)))
        .collect();
    accounts.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let row = |(account, score): &(u32, f64)| {
        json!({
            "account_id": account, "score": score,
            "personaname": account::personaname(*account, world.now), "name": account::pro_name(*account),
            "avatar": account::avatar(*account, ""), "last_login": account::last_login(*account, world.now),
            "rank_tier": 80,
        })
    };
    let rows: Value = accounts.iter().map(row).collect();
    json!({ "hero_id": hero.id, "rankings": rows })
}

/// How a player stands on each hero, best first.
pub(crate) fn of_player(account: u32, world: World) -> Value {
    let mut rows: Vec<(f64, &Hero)> = HEROES.iter().map(|hero| (score(account, hero, world), hero)).collect();
    rows.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let row = |(score, hero): &(f64, &Hero)| json!({ "hero_id": hero.id, "score": score, "percent_rank": (score / 9_000.0).min(1.0), "card": card(hero) });
    rows.iter().map(row).collect()
}

/// The instants at which a player's rank became another one, over the last hundred matches.
pub(crate) fn ratings(account: u32, world: World) -> Value {
    if !account::is_ranked(account) {
        return json!([]);
    }
    let games: Vec<_> = Cohort::of(account).games(world).take(100).collect();
    let mut rows = Vec::new();
    let mut last_tier = None;
    for game in games.iter().rev() {
        let ended_at = game.ended_at();
        let tier = account::rank_tier(account::mmr(account, World { now: ended_at, ..world }));
        if last_tier != Some(tier) {
            rows.push(json!({ "time": iso8601(ended_at), "rank_tier": tier }));
        }
        last_tier = Some(tier);
    }
    Value::Array(rows)
}

/// Scores drift from hour to hour, as others play.
fn score(account: u32, hero: &Hero, world: World) -> f64 {
    let base = Dice::of(&[51, account.into(), hero.id.into()]).fraction() * 7_000.0;
    let drift = Dice::of(&[52, account.into(), hero.id.into(), world.now / 3_600]).fraction() * 25.0;
    base + drift + 1_000.0
}

fn card(hero: &Hero) -> u64 {
    Dice::of(&[53, hero.id.into()]).between(800_000, 4_000_000)
}

#[cfg(test)]
mod tests {
    use super::{World, of_hero, of_player, ratings};
    use crate::opendota::hero_names::HEROES;

    const NOW: u64 = 1_795_154_136;

    #[test]
    fn a_ranking_lists_a_hundred_best_first() {
        let ranking = of_hero(&HEROES[3], World::at(NOW, NOW));
        let scores: Vec<_> =
            ranking["rankings"].as_array().unwrap().iter().map(|row| row["score"].as_f64().unwrap()).collect();
        assert_eq!(scores.len(), 100);
        assert!(scores.is_sorted_by(|one, next| one >= next));
    }

    #[test]
    fn scores_move_within_an_hour_or_so() {
        let at = |now| of_player(86_745_912, World::at(now, NOW));
        assert_eq!(at(NOW), at(NOW + 1));
        assert_ne!(at(NOW), at(NOW + 3_600));
    }

    #[test]
    fn ratings_tell_only_of_changes() {
        let rows = ratings(86_745_912, World::at(NOW, NOW));
        let tiers: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["rank_tier"].clone()).collect();
        assert!(tiers.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
