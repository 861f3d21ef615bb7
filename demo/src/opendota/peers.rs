//! Whom a player met: peers, and the professionals among them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::match_page::object;
use super::player_match::PlayerMatch;
use super::player_sums::Tally;
use super::{account, pro};

#[derive(Clone, Copy, Debug, Default)]
struct Met {
    last_played_at: u64,
    all: Tally,
    with: Tally,
    against: Tally,
    gold_per_min: u64,
    xp_per_min: u64,
}

/// Who was met, most often first.
pub(crate) fn peers(account: u32, matches: &[PlayerMatch], now: u64) -> Value {
    met(account, matches).into_iter().map(|(peer, row)| Value::Object(peer_row(peer, &row, now))).collect()
}

/// The professionals among those met.
pub(crate) fn pros(account: u32, matches: &[PlayerMatch], now: u64) -> Value {
    let professionals = met(account, matches).into_iter().filter(|(peer, _)| account::is_pro(*peer));
    professionals
        .map(|(peer, row)| {
            let mut entry = pro::player(peer, now);
            entry.append(&mut peer_row(peer, &row, now));
            Value::Object(entry)
        })
        .collect()
}

fn met(account: u32, matches: &[PlayerMatch]) -> Vec<(u32, Met)> {
    let mut met = BTreeMap::<u32, Met>::new();
    for played in matches {
        for seat in played.game.seats() {
            if seat.account == account || !is_named(seat.account) {
                continue;
            }
            let row = met.entry(seat.account).or_default();
            row.last_played_at = row.last_played_at.max(played.game.started_at());
            row.all.add(played.won());
            if seat.radiant == played.seat.radiant {
                row.with.add(played.won());
                row.gold_per_min += played.score.gold_per_min;
                row.xp_per_min += played.score.xp_per_min;
            } else {
                row.against.add(played.won());
            }
        }
    }
    let mut rows: Vec<(u32, Met)> = met.into_iter().collect();
    rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.all.games));
    rows
}

/// Private players are anonymous to the others.
fn is_named(account: u32) -> bool {
    account::exists(account) && !account::is_private(account)
}

fn peer_row(peer: u32, row: &Met, now: u64) -> Map<String, Value> {
    object(json!({
        "account_id": peer, "last_played": row.last_played_at, "win": row.all.win, "games": row.all.games,
        "with_win": row.with.win, "with_games": row.with.games,
        "against_win": row.against.win, "against_games": row.against.games,
        "with_gpm_sum": row.gold_per_min, "with_xpm_sum": row.xp_per_min,
        "personaname": account::personaname(peer, now), "name": account::pro_name(peer),
        "is_contributor": false, "is_subscriber": false, "last_login": account::last_login(peer, now),
        "avatar": account::avatar(peer, ""), "avatarfull": account::avatar(peer, "_full"),
    }))
}

#[cfg(test)]
mod tests {
    use super::{is_named, peers};
    use crate::opendota::filter::matches;
    use crate::opendota::world::World;

    const NOW: u64 = 1_795_154_136;

    #[test]
    fn peers_are_the_others_of_the_cohort_but_for_the_private_one() {
        let peers = peers(86_745_912, &matches(86_745_912, World::at(NOW, NOW), &[]), NOW);
        let hidden = (86_745_910..86_745_920).filter(|account| !is_named(*account)).count();
        assert_eq!(peers.as_array().unwrap().len(), 9 - hidden);
        assert!(peers.as_array().unwrap().iter().all(|peer| {
            peer["games"].as_u64().unwrap()
                == peer["with_games"].as_u64().unwrap() + peer["against_games"].as_u64().unwrap()
        }));
    }
}
