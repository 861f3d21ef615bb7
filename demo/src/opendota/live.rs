//! Matches of this moment: `/live`, which moves every ten seconds, and `/publicMatches`.

use serde_json::{Value, json};

use super::cohort::{Cohort, PRO_COHORTS};
use super::filter::{self, Query};
use super::game::{Game, Seat};
use super::player_match::PARSER_VERSION;
use super::world::World;
use super::{account, match_page, teams};
use crate::dice::Dice;

/// The matches the hundred professional cohorts are playing.
pub(crate) fn list(world: World) -> Value {
    let seen_at = world.now / 10 * 10;
    PRO_COHORTS.map(|cohort| live_match(Cohort::new(cohort), seen_at)).collect()
}

fn live_match(cohort: Cohort, seen_at: u64) -> Value {
    let last = cohort.latest(seen_at);
    let game = Game { number: last.number + 1, ..last };
    let game_secs = seen_at.saturating_sub(game.started_at());
    let mut dice = Dice::of(&[111, game.cohort.id.into(), seen_at]);
    let player = |seat: &Seat| {
        json!({
            "account_id": seat.account, "hero_id": seat.hero.id, "team": u32::from(!seat.radiant),
            "team_slot": seat.position, "name": account::pro_name(seat.account), "is_pro": true,
            "team_name": teams::name(teams::of_account(seat.account)), "is_locked": true, "country_code": "",
        })
    };
    let players: Value = match_page::seats_in_order(game).iter().map(player).collect();
    json!({
        "match_id": game.id().to_string(), "lobby_id": game.id().wrapping_mul(3).to_string(),
        "server_steam_id": (90_071_996_842_377_216 + game.id()).to_string(),
        "activate_time": game.started_at(), "deactivate_time": 0, "last_update_time": seen_at, "game_time": game_secs,
        "lobby_type": game.lobby_type(), "game_mode": game.game_mode(), "league_id": game.league().map_or(0, |league| league.id),
        "series_id": 0, "delay": 120, "sort_score": 8_000, "average_mmr": account::base_mmr(cohort.account(0)),
        "spectators": dice.below(900), "weekend_tourney_tournament_id": 0, "building_state": 4_784_201 + game_secs / 60,
        "radiant_lead": dice.below(20_000), "radiant_score": game_secs / 45, "dire_score": game_secs / 50,
        "players": players,
    })
}

/// A sample of matches that ended lately, by id, newest first.
pub(crate) fn public_matches(world: World, query: &Query) -> Value {
    let before = filter::number(query, "less_than_match_id").unwrap_or(u64::MAX);
    let ranks = filter::number(query, "min_rank").unwrap_or(0)..=filter::number(query, "max_rank").unwrap_or(u64::MAX);
    let mut games: Vec<Game> = (0..200_u32)
        .flat_map(|nth| Cohort::new(nth * 1_999_993 + 77).games(world).take(30))
        .filter(|game| game.id() < before && ranks.contains(&rank(*game)))
        .collect();
    games.sort_by_key(|game| std::cmp::Reverse(game.id()));
    games.into_iter().take(100).map(|game| public_match(game, world.now)).collect()
}

fn rank(game: Game) -> u64 {
    account::rank_tier(account::base_mmr(game.cohort.account(0))).unsigned_abs()
}

fn public_match(game: Game, now: u64) -> Value {
    let side = |radiant: bool| -> Vec<u32> {
        let seats = match_page::seats_in_order(game);
        seats.iter().filter(|seat| seat.radiant == radiant).map(|seat| seat.hero.id).collect()
    };
    let (cluster, _) = game.cluster_and_region();
    json!({
        "match_id": game.id(), "match_seq_num": game.id() / 7, "radiant_win": game.radiant_win(),
        "start_time": game.started_at(), "duration": game.duration_secs(), "lobby_type": game.lobby_type(),
        "game_mode": game.game_mode(), "avg_rank_tier": rank(game), "num_rank_tier": 10, "cluster": cluster,
        "radiant_team": side(true), "dire_team": side(false), "version": game.is_parsed(now).then_some(PARSER_VERSION),
    })
}

#[cfg(test)]
mod tests {
    use super::{World, list, public_matches};

    const NOW: u64 = 1_795_154_130;

    #[test]
    fn live_moves_every_ten_seconds_and_not_in_between() {
        let at = |now| list(World::at(now, NOW));
        assert_eq!(at(NOW), at(NOW + 9));
        assert_ne!(at(NOW), at(NOW + 10));
        assert_eq!(at(NOW).as_array().unwrap().len(), 100);
    }

    #[test]
    fn public_matches_are_a_hundred_by_id_within_the_ranks_asked_for() {
        let query = [("min_rank".to_owned(), "20".to_owned()), ("max_rank".to_owned(), "55".to_owned())];
        let rows = public_matches(World::at(NOW, NOW), &query);
        let column =
            |name: &str| rows.as_array().unwrap().iter().map(|row| row[name].as_u64().unwrap()).collect::<Vec<_>>();
        assert_eq!(column("match_id").len(), 100);
        assert!(column("match_id").is_sorted_by(|one, next| one > next));
        assert!(column("avg_rank_tier").iter().all(|rank| (20..=55).contains(rank)));
    }
}
