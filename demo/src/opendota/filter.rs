//! The query parameters that narrow a player's matches.

use super::account;
use super::cohort::Cohort;
use super::game::Seat;
use super::player_match::PlayerMatch;
use super::world::World;

/// Decoded parameters, in the order they came.
pub(crate) type Query = [(String, String)];

/// Every value given for a parameter.
pub(crate) fn values<'a>(query: &'a Query, name: &str) -> impl Iterator<Item = &'a str> {
    query.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_str())
}

pub(crate) fn number(query: &Query, name: &str) -> Option<u64> {
    values(query, name).find_map(|value| value.parse().ok())
}

/// The matches of an account that the query asks for, newest first; none if the account hides them.
pub(crate) fn matches(account: u32, world: World, query: &Query) -> Vec<PlayerMatch> {
    if account::is_private(account) {
        return Vec::new();
    }
    let offset = number(query, "offset").map_or(0, as_count);
    let limit = number(query, "limit").map_or(usize::MAX, as_count);
    let wanted = Cohort::of(account)
        .games(world)
        .map(|game| PlayerMatch::new(game, game.seat(account), world.now))
        .filter(|played| passes(played, world.now, query));
    let Some(column) = values(query, "sort").next() else {
        return wanted.skip(offset).take(limit).collect();
    };
    let mut sorted: Vec<PlayerMatch> = wanted.collect();
    sorted.sort_by_key(|played| std::cmp::Reverse(played.measure(column)));
    sorted.into_iter().skip(offset).take(limit).collect()
}

fn as_count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Parameters that are no filter pass everything, as they do upstream.
fn passes(played: &PlayerMatch, now: u64, query: &Query) -> bool {
    query.iter().all(|(name, value)| {
        let Ok(value) = value.parse::<u64>() else { return true };
        match name.as_str() {
            "win" => u64::from(played.won()) == value,
            "is_radiant" => u64::from(played.seat.radiant) == value,
            "date" => played.game.started_at() > now.saturating_sub(value.saturating_mul(86_400)),
            "patch" | "game_mode" | "lobby_type" | "region" | "lane_role" | "hero_id" | "leaver_status" => {
                played.measure(name) == Some(value)
            }
            "included_account_id" => has(played, value, |_| true),
            "excluded_account_id" => !has(played, value, |_| true),
            "with_account_id" => has(played, value, |seat| seat.radiant == played.seat.radiant),
            "against_account_id" => has(played, value, |seat| seat.radiant != played.seat.radiant),
            "with_hero_id" => has_hero(played, value, true),
            "against_hero_id" => has_hero(played, value, false),
            _ => true,
        }
    })
}

fn has(played: &PlayerMatch, account: u64, side: impl Fn(&Seat) -> bool) -> bool {
    played.game.seats().iter().any(|seat| u64::from(seat.account) == account && side(seat))
}

fn has_hero(played: &PlayerMatch, hero: u64, same_side: bool) -> bool {
    let ours = played.seat.radiant;
    played.game.seats().iter().any(|seat| u64::from(seat.hero.id) == hero && (seat.radiant == ours) == same_side)
}

#[cfg(test)]
mod tests {
    use super::{PlayerMatch, World, matches};

    const ACCOUNT: u32 = 86_745_912;
    const NOW: u64 = 1_795_154_136;

    fn asked(query: &str) -> Vec<PlayerMatch> {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let query: Vec<_> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        matches(ACCOUNT, World::at(NOW, NOW), &query)
    }

    #[test]
    fn limit_and_offset_cut_a_page_out_of_the_whole() {
        let all = asked("");
        let page = asked("limit=3&offset=2");
        let ids = |list: &[PlayerMatch]| list.iter().map(|played| played.game.id()).collect::<Vec<_>>();
        assert_eq!(ids(&page), ids(&all[2..5]));
        assert!(asked("limit=0").is_empty());
    }

    #[test]
    fn opposite_filters_split_the_whole() {
        let all = asked("").len();
        for (one, other) in [
            ("win=1", "win=0"),
            ("is_radiant=1", "is_radiant=0"),
            ("with_account_id=86745913", "against_account_id=86745913"),
            ("included_account_id=1", "excluded_account_id=1"),
        ] {
            assert_eq!(asked(one).len() + asked(other).len(), all, "{one}");
        }
    }

    #[test]
    fn filters_keep_only_what_they_name() {
        assert!(asked("hero_id=14").iter().all(|played| played.seat.hero.id == 14));
        assert!(asked("date=1").iter().all(|played| played.game.started_at() > NOW - 86_400));
        assert!(!asked("date=1").is_empty());
        let kills: Vec<_> = asked("sort=kills").iter().map(|played| played.score.kills).collect();
        assert!(kills.is_sorted_by(|one, next| one >= next));
    }
}
