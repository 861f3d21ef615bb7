//! Professionals, their teams and their leagues.

use serde_json::{Map, Value, json};

use super::account;
use super::cohort::{Cohort, PRO_COHORTS};
use super::filter::{self, Query};
use super::game::Game;
use super::player_match::PARSER_VERSION;
use super::world::World;
use super::{match_page, teams};
use crate::calendar::iso8601;

/// About a thousand rows, by account id.
pub(crate) fn players(now: u64) -> Value {
    let accounts = PRO_COHORTS.start * 10..PRO_COHORTS.end * 10;
    accounts.filter(|account| account::exists(*account)).map(|account| Value::Object(player(account, now))).collect()
}

/// A professional as `proPlayers` and `pros` show them.
pub(crate) fn player(account: u32, now: u64) -> Map<String, Value> {
    let team = teams::of_account(account);
    let steamid = account::steamid(account);
    match_page::object(json!({
        "account_id": account,
        "steamid": steamid,
        "avatar": account::avatar(account, ""),
        "avatarmedium": account::avatar(account, "_medium"),
        "avatarfull": account::avatar(account, "_full"),
        "profileurl": format!("https://steamcommunity.com/profiles/{steamid}/"),
        "personaname": account::personaname(account, now),
        "last_login": account::last_login(account, now),
        "full_history_time": iso8601(now / 86_400 * 86_400),
        "cheese": 0,
        "fh_unavailable": false,
        "loccountrycode": account::country(account),
        "last_match_time": account::last_match_time(account, now),
        "name": account::pro_name(account),
        "country_code": account::country(account).unwrap_or_default().to_lowercase(),
        "fantasy_role": account % 4,
        "team_id": team,
        "team_name": teams::name(team),
        "team_tag": teams::tag(team),
        "is_locked": true,
        "is_pro": true,
        "locked_until": null,
    }))
}

/// The hundred newest league matches, or those before `less_than_match_id`.
pub(crate) fn matches(world: World, query: &Query) -> Value {
    let before = filter::number(query, "less_than_match_id").unwrap_or(u64::MAX);
    let games = league_games(world, 20);
    games.into_iter().filter(|game| game.id() < before).take(100).map(|game| league_match(game, world.now)).collect()
}

/// League matches of all professionals, newest first, so many of each cohort.
pub(crate) fn league_games(world: World, of_each: usize) -> Vec<Game> {
    let league = |cohort| Cohort::new(cohort).games(world).filter(|game| game.league().is_some()).take(of_each);
    let mut games: Vec<Game> = PRO_COHORTS.flat_map(league).collect();
    games.sort_by_key(|game| std::cmp::Reverse(game.id()));
    games
}

pub(crate) fn league_match(game: Game, now: u64) -> Value {
    let Some(league) = game.league() else { return Value::Null };
    let (radiant_score, dire_score) = match_page::kills(game, now);
    json!({
        "match_id": game.id(), "duration": game.duration_secs(), "start_time": game.started_at(),
        "radiant_team_id": league.radiant_team, "radiant_name": teams::name(league.radiant_team),
        "dire_team_id": league.dire_team, "dire_name": teams::name(league.dire_team),
        "leagueid": league.id, "league_name": league_name(league.id),
        "series_id": game.number / 24, "series_type": 1,
        "radiant_score": radiant_score, "dire_score": dire_score, "radiant_win": game.radiant_win(),
        "version": game.is_parsed(now).then_some(PARSER_VERSION),
    })
}

pub(crate) fn leagues() -> Value {
    (1..=30).map(league).collect()
}

pub(crate) fn league(id: u32) -> Value {
    let tier = if id.is_multiple_of(5) { "premium" } else { "professional" };
    json!({
        "leagueid": id, "ticket": format!("econ/leagues/demo_{id}_ticket"),
        "banner": format!("econ/leagues/demo_{id}_banner"), "tier": tier, "name": league_name(id),
    })
}

pub(crate) fn league_name(id: u32) -> String {
    let place = ["Fjord", "Summit", "Harbour", "Meadow", "Glacier", "Lagoon"];
    let place = usize::try_from(id).ok().and_then(|id| place.get(id % place.len())).copied().unwrap_or_default();
    format!("{place} Masters Season {}", id.div_ceil(6))
}

#[cfg(test)]
mod tests {
    use super::{World, matches, players};

    const NOW: u64 = 1_795_154_136;

    #[test]
    fn about_a_thousand_professionals_have_a_team_each() {
        let rows = players(NOW);
        assert_eq!(rows.as_array().unwrap().len(), 999);
        assert!(rows.as_array().unwrap().iter().all(|row| row["team_id"].is_u64() && row["team_name"].is_string()));
    }

    #[test]
    fn league_matches_are_paged_by_id_newest_first() {
        let world = World::at(NOW, NOW);
        let ids = |query: &[(String, String)]| -> Vec<u64> {
            matches(world, query).as_array().unwrap().iter().map(|row| row["match_id"].as_u64().unwrap()).collect()
        };
        let first = ids(&[]);
        let second = ids(&[("less_than_match_id".to_owned(), first[99].to_string())]);
        assert_eq!((first.len(), second.len()), (100, 100));
        assert!(first.iter().chain(&second).is_sorted_by(|one, next| one > next));
    }
}
