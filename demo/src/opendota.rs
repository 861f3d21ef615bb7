//! `https://api.opendota.com/api`: every documented read, generated from ids and the clock.

mod account;
mod cohort;
mod constants;
mod filter;
mod game;
mod hero_names;
mod hero_stats;
mod heroes;
mod items;
mod live;
mod match_page;
mod peers;
mod player_match;
mod player_sums;
mod players;
mod pro;
mod rankings;
mod replay_detail;
mod search;
mod site;
mod teams;
mod world;

pub(crate) use world::World;

use crate::answer::Answer;
use filter::Query;

/// The host these answers stand for.
pub(crate) const HOST: &str = "api.opendota.com";

/// Answers a GET of a path below the host.
pub(crate) fn answer(world: World, path: &str, query: &Query) -> Answer {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let ["api", below @ ..] = segments.as_slice() else { return Answer::not_found() };
    let found = match below {
        ["players", account, below @ ..] => return players::answer(world, account, below, query),
        ["matches", id] => return match_page::answer(world, id),
        ["heroes", hero, below] => return heroes::answer(world, hero, below),
        ["rankings"] => return heroes::by_query(world, query, heroes::ranking),
        ["benchmarks"] => return heroes::by_query(world, query, heroes::benchmarks),
        ["teams", team, below @ ..] => return teams::answer(world, team, below),
        ["constants", resource] => return constants::answer(resource),
        ["search"] => return search::answer(world, query),
        ["health"] => return site::health(world, None),
        ["health", metric] => return site::health(world, Some(metric)),
        ["heroes"] => heroes::list(),
        ["heroStats"] => hero_stats::list(world),
        ["constants"] => constants::list(),
        ["proPlayers"] => pro::players(world.now),
        ["proMatches"] => pro::matches(world, query),
        ["publicMatches"] => live::public_matches(world, query),
        ["live"] => live::list(world),
        ["teams"] => teams::list(world, filter::number(query, "page").unwrap_or(0)),
        ["leagues"] => pro::leagues(),
        ["distributions"] => site::distributions(world),
        ["records", field] => site::records(world, field),
        ["metadata"] => site::metadata(),
        _ => return Answer::not_found(),
    };
    Answer::found(&found)
}

#[cfg(test)]
mod tests {
    use super::{World, answer};
    use axum::http::StatusCode;

    const NOW: u64 = 1_795_154_136;

    #[test]
    fn every_documented_read_is_answered_the_same_twice() {
        let query = [("hero_id".to_owned(), "14".to_owned()), ("q".to_owned(), "otter".to_owned())];
        for path in [
            "players/86745912",
            "players/86745912/wl",
            "players/86745912/matches",
            "players/86745912/recentMatches",
            "players/86745912/heroes",
            "players/86745912/peers",
            "players/87000001/pros",
            "players/86745912/totals",
            "players/86745912/counts",
            "players/86745912/histograms/kills",
            "players/86745912/wardmap",
            "players/86745912/wordcloud",
            "players/86745912/ratings",
            "players/86745912/rankings",
            "heroes",
            "heroes/14/matches",
            "heroes/14/matchups",
            "heroes/14/durations",
            "heroes/14/players",
            "heroes/14/itemPopularity",
            "heroStats",
            "constants",
            "constants/heroes",
            "rankings",
            "benchmarks",
            "search",
            "proPlayers",
            "proMatches",
            "publicMatches",
            "teams",
            "teams/9",
            "teams/9/matches",
            "teams/9/players",
            "teams/9/heroes",
            "live",
            "leagues",
            "distributions",
            "records/kills",
            "metadata",
            "health",
        ] {
            let world = World::at(NOW, NOW);
            let first = answer(world, &format!("/api/{path}"), &query);
            assert_eq!(first.status, StatusCode::OK, "{path}");
            assert!(first.body.len() > 2, "{path}");
            assert_eq!(first, answer(world, &format!("/api/{path}/"), &query), "{path}");
        }
    }

    #[test]
    fn other_paths_are_not_found() {
        for path in ["/", "/api", "/api/shoes", "/players/1", "/api/players", "/api/players/1/shoes", "/api/matches"] {
            assert_eq!(answer(World::at(NOW, NOW), path, &[]).status, StatusCode::NOT_FOUND, "{path}");
        }
    }
}
