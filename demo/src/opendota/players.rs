//! `/players/{account_id}` and what lies below it.

use serde_json::{Value, json};

use super::account;
use super::filter::{self, Query};
use super::player_sums as sums;
use super::world::World;
use super::{peers, rankings};
use crate::answer::Answer;
use axum::http::StatusCode;

const ALWAYS: [&str; 3] = ["match_id", "player_slot", "radiant_win"];

const MATCHES: [&str; 13] = [
    "hero_id",
    "start_time",
    "duration",
    "game_mode",
    "lobby_type",
    "version",
    "kills",
    "deaths",
    "assists",
    "average_rank",
    "leaver_status",
    "party_size",
    "hero_variant",
];

const RECENT_MATCHES: [&str; 11] = [
    "xp_per_min",
    "gold_per_min",
    "hero_damage",
    "tower_damage",
    "hero_healing",
    "last_hits",
    "lane",
    "lane_role",
    "is_roaming",
    "cluster",
    "version",
];

/// Answers for the account named by a path segment.
pub(crate) fn answer(world: World, account: &str, below: &[&str], query: &Query) -> Answer {
    let Ok(account) = account.parse::<u32>() else {
        return Answer::error(StatusCode::BAD_REQUEST, "invalid account id");
    };
    if !account::exists(account) {
        return Answer::not_found();
    }
    let matches = || filter::matches(account, world, query);
    let hidden = account::is_private(account);
    let found = match below {
        [] => player(account, world),
        ["wl"] => win_lose(account, world, query),
        ["matches"] => match_list(account, world, query),
        ["recentMatches"] => recent_matches(account, world),
        ["counts"] => sums::counts(&matches()),
        ["wardmap"] => sums::wardmap(&matches()),
        ["wordcloud"] => sums::wordcloud(&matches()),
        ["heroes" | "peers" | "pros" | "totals" | "ratings" | "rankings"] | ["histograms", _] if hidden => json!([]),
        ["heroes"] => sums::heroes(&matches(), filter::number(query, "having")),
        ["peers"] => peers::peers(account, &matches(), world.now),
        ["pros"] => peers::pros(account, &matches(), world.now),
        ["totals"] => sums::totals(&matches()),
        ["histograms", field] => sums::histogram(&matches(), field),
        ["ratings"] => rankings::ratings(account, world),
        ["rankings"] => rankings::of_player(account, world),
        _ => return Answer::not_found(),
    };
    Answer::found(&found)
}

fn player(account: u32, world: World) -> Value {
    let mmr = account::is_ranked(account).then(|| account::mmr(account, world));
    json!({
        "profile": profile(account, world.now),
        "rank_tier": mmr.map(account::rank_tier),
        "leaderboard_rank": mmr.and_then(account::leaderboard_rank),
        "computed_mmr": mmr,
        "computed_mmr_turbo": null,
        "aliases": account::aliases(account, world.now),
    })
}

fn profile(account: u32, now: u64) -> Value {
    let hidden = account::is_private(account);
    let steamid = account::steamid(account);
    json!({
        "account_id": account,
        "personaname": account::personaname(account, now),
        "name": account::pro_name(account),
        "plus": account.is_multiple_of(3),
        "cheese": 0,
        "steamid": steamid,
        "avatar": account::avatar(account, ""),
        "avatarmedium": account::avatar(account, "_medium"),
        "avatarfull": account::avatar(account, "_full"),
        "profileurl": format!("https://steamcommunity.com/profiles/{steamid}/"),
        "last_login": (!hidden).then(|| account::last_login(account, now)),
        "loccountrycode": account::country(account),
        "status": null,
        "fh_unavailable": hidden,
        "is_contributor": false,
        "is_subscriber": false,
    })
}

fn win_lose(account: u32, world: World, query: &Query) -> Value {
    let matches = filter::matches(account, world, query);
    let win = matches.iter().filter(|played| played.won()).count();
    json!({ "win": win, "lose": matches.len() - win })
}

fn match_list(account: u32, world: World, query: &Query) -> Value {
    let asked: Vec<&str> = filter::values(query, "project").collect();
    let columns: &[&str] = if asked.is_empty() { &MATCHES } else { &asked };
    let matches = filter::matches(account, world, query);
    matches.iter().map(|played| played.project(ALWAYS.iter().chain(columns).copied())).collect()
}

/// The last 20, whatever the query says.
fn recent_matches(account: u32, world: World) -> Value {
    let matches = filter::matches(account, world, &[("limit".to_owned(), "20".to_owned())]);
    matches.iter().map(|played| played.project(ALWAYS.iter().chain(&MATCHES).chain(&RECENT_MATCHES).copied())).collect()
}

#[cfg(test)]
mod tests {
    use super::answer;
    use crate::opendota::account;
    use crate::opendota::world::World;
    use axum::http::StatusCode;
    use serde_json::{Value, json};

    const NOW: u64 = 1_795_154_136;

    fn asked_at(now: u64, account: &str, below: &[&str]) -> Value {
        let answer = answer(World::at(now, NOW), account, below, &[]);
        assert_eq!(answer.status, StatusCode::OK);
        serde_json::from_slice(&answer.body).unwrap()
    }

    fn sum(rows: &Value, column: &str) -> u64 {
        rows.as_array().unwrap().iter().map(|row| row[column].as_u64().unwrap()).sum()
    }

    #[test]
    fn lists_and_sums_tell_the_same_story_as_time_goes_by() {
        for step in 0..40 {
            let now = NOW + step * 300;
            let wl = asked_at(now, "86745912", &["wl"]);
            let matches = asked_at(now, "86745912", &["matches"]);
            let recent = asked_at(now, "86745912", &["recentMatches"]);
            let heroes = asked_at(now, "86745912", &["heroes"]);
            let matches = matches.as_array().unwrap();
            let won = |row: &&Value| row["radiant_win"] == (row["player_slot"].as_u64().unwrap() < 128);
            let wins = matches.iter().filter(won).count();
            assert_eq!(wl, json!({ "win": wins, "lose": matches.len() - wins }));
            assert_eq!(recent.as_array().unwrap().len(), 20);
            assert!(
                recent.as_array().unwrap().iter().zip(matches).all(|(one, other)| one["match_id"] == other["match_id"])
            );
            assert_eq!((sum(&heroes, "games"), sum(&heroes, "win")), (matches.len() as u64, wins as u64));
            assert_eq!(sum(&heroes, "with_games"), 4 * matches.len() as u64);
            assert_eq!(sum(&heroes, "against_games"), 5 * matches.len() as u64);
        }
    }

    #[test]
    fn every_player_finishes_another_match_within_20_minutes() {
        for account in ["1", "40927904", "87000001", "4294967295"] {
            let count = |now| asked_at(now, account, &["matches"]).as_array().unwrap().len();
            assert!(count(NOW + 1_200) > count(NOW), "{account}");
            assert!(count(NOW + 400) <= count(NOW) + 1, "{account}");
        }
    }

    #[test]
    fn a_player_is_about_a_kilobyte_and_moves_with_its_matches() {
        let player = |now| asked_at(now, "87000001", &[]);
        assert!((800..1_600).contains(&player(NOW).to_string().len()));
        let (before, after) = (player(NOW), player(NOW + 86_400));
        assert_eq!(before["rank_tier"], 80);
        assert_ne!(before["leaderboard_rank"], after["leaderboard_rank"]);
        assert_ne!(before["profile"]["last_login"], after["profile"]["last_login"]);
    }

    #[test]
    fn a_private_account_shows_its_profile_and_nothing_it_played() {
        let account = 13_u32;
        assert!(account::is_private(account));
        let account = account.to_string();
        assert_eq!(asked_at(NOW, &account, &[])["profile"]["fh_unavailable"], true);
        assert_eq!(asked_at(NOW, &account, &["wl"]), json!({ "win": 0, "lose": 0 }));
        for list in ["matches", "recentMatches", "heroes", "peers", "pros", "totals", "ratings", "rankings"] {
            assert_eq!(asked_at(NOW, &account, &[list]), json!([]), "{list}");
        }
        assert_eq!(asked_at(NOW, &account, &["wardmap"]), json!({ "obs": {}, "sen": {} }));
    }

    #[test]
    fn ids_that_cannot_be_are_refused_and_unknown_ones_not_found() {
        let status = |account| answer(World::at(NOW, NOW), account, &[], &[]).status;
        assert_eq!(status("4294967296"), StatusCode::BAD_REQUEST);
        assert_eq!(status("abc"), StatusCode::BAD_REQUEST);
        assert_eq!(status("1404"), StatusCode::NOT_FOUND);
    }
}
