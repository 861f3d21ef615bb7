//! What the upstream adds up over a player's matches.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::hero_names::HEROES;
use super::player_match::PlayerMatch;

const MEASURES: [&str; 29] = [
    "kills",
    "deaths",
    "assists",
    "kda",
    "gold_per_min",
    "xp_per_min",
    "last_hits",
    "denies",
    "lane_efficiency_pct",
    "duration",
    "level",
    "hero_damage",
    "tower_damage",
    "hero_healing",
    "stuns",
    "tower_kills",
    "neutral_kills",
    "courier_kills",
    "purchase_tpscroll",
    "purchase_ward_observer",
    "purchase_ward_sentry",
    "purchase_gem",
    "purchase_rapier",
    "pings",
    "throw",
    "comeback",
    "stomp",
    "loss",
    "actions_per_min",
];

const CATEGORIES: [&str; 6] = ["leaver_status", "game_mode", "lobby_type", "lane_role", "region", "patch"];

/// Matches and how many of them were won.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) games: u64,
    pub(crate) win: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, won: bool) {
        self.games += 1;
        self.win += u64::from(won);
    }

    fn json(self) -> Value {
        json!({ "games": self.games, "win": self.win })
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct HeroRow {
    last_played_at: u64,
    own: Tally,
    with: Tally,
    against: Tally,
}

/// Every hero, most played first.
pub(crate) fn heroes(matches: &[PlayerMatch], having: Option<u64>) -> Value {
    let mut met: BTreeMap<u32, HeroRow> = HEROES.iter().map(|hero| (hero.id, HeroRow::default())).collect();
    for played in matches {
        for seat in played.game.seats() {
            let row = met.entry(seat.hero.id).or_default();
            if seat.account == played.seat.account {
                row.own.add(played.won());
                row.last_played_at = row.last_played_at.max(played.game.started_at());
            } else if seat.radiant == played.seat.radiant {
                row.with.add(played.won());
            } else {
                row.against.add(played.won());
            }
        }
    }
    let mut rows: Vec<(u32, HeroRow)> =
        met.into_iter().filter(|(_, row)| row.own.games >= having.unwrap_or(0)).collect();
    rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.own.games));
    let json = |(hero_id, row): &(u32, HeroRow)| {
        json!({
            "hero_id": hero_id, "last_played": row.last_played_at,
            "games": row.own.games, "win": row.own.win,
            "with_games": row.with.games, "with_win": row.with.win,
            "against_games": row.against.games, "against_win": row.against.win,
        })
    };
    rows.iter().map(json).collect()
}

pub(crate) fn totals(matches: &[PlayerMatch]) -> Value {
    let total = |field: &&str| {
        let values = matches.iter().filter_map(|played| played.measure(field));
        let (n, sum) = values.fold((0_u64, 0_u64), |(n, sum), value| (n + 1, sum + value));
        json!({ "field": field, "n": n, "sum": sum })
    };
    MEASURES.iter().map(total).collect()
}

pub(crate) fn counts(matches: &[PlayerMatch]) -> Value {
    let mut counts = Map::new();
    let tally = |key: &dyn Fn(&PlayerMatch) -> u64| {
        let mut tallies = BTreeMap::<u64, Tally>::new();
        for played in matches {
            tallies.entry(key(played)).or_default().add(played.won());
        }
        tallies.into_iter().map(|(key, tally)| (key.to_string(), tally.json())).collect::<Value>()
    };
    for category in CATEGORIES {
        counts.insert(category.to_owned(), tally(&|played| played.measure(category).unwrap_or(0)));
    }
    counts.insert("is_radiant".to_owned(), tally(&|played| u64::from(played.seat.radiant)));
    Value::Object(counts)
}

/// 40 equal buckets up to the highest value; nothing for a field that is no measure.
pub(crate) fn histogram(matches: &[PlayerMatch], field: &str) -> Value {
    if !MEASURES.contains(&field) {
        return json!([]);
    }
    let values: Vec<(u64, bool)> =
        matches.iter().filter_map(|played| Some((played.measure(field)?, played.won()))).collect();
    let highest = values.iter().map(|(value, _)| *value).max().unwrap_or(0);
    let width = (highest + 1).div_ceil(40);
    let mut buckets = [Tally::default(); 40];
    for (value, won) in values {
        if let Some(bucket) = usize::try_from(value / width).ok().and_then(|at| buckets.get_mut(at)) {
            bucket.add(won);
        }
    }
    let bucket = |(x, tally): (u64, &Tally)| json!({ "x": x * width, "games": tally.games, "win": tally.win });
    (0..).zip(&buckets).map(bucket).collect()
}

/// Where wards were placed: x, then y, then how often.
pub(crate) fn wardmap(matches: &[PlayerMatch]) -> Value {
    let mut maps = [BTreeMap::new(), BTreeMap::new()];
    for (kind, map) in (0..).zip(&mut maps) {
        for played in matches.iter().filter(|played| played.parsed) {
            let mut dice = played.dice(40 + kind);
            for _ in 0..dice.below(3) {
                let row: &mut BTreeMap<String, u64> = map.entry(dice.between(32, 94).to_string()).or_default();
                *row.entry((dice.between(32, 94) * 2).to_string()).or_default() += 1;
            }
        }
    }
    let [observers, sentries] = maps;
    json!({ "obs": observers, "sen": sentries })
}

pub(crate) fn wordcloud(matches: &[PlayerMatch]) -> Value {
    const WORDS: [&str; 12] = ["gg", "ez", "wp", "lol", "mid", "ff", "nice", "ty", "why", "end", "sry", "bb"];
    let mut clouds = [BTreeMap::<&str, u64>::new(), BTreeMap::new()];
    for (cloud, spoken) in clouds.iter_mut().zip([2, 12]) {
        for played in matches.iter().filter(|played| played.parsed) {
            let mut dice = played.dice(42 + spoken);
            for _ in 0..dice.below(spoken + 1) {
                *cloud.entry(dice.pick(&WORDS)).or_default() += 1;
            }
        }
    }
    let [mine, all] = clouds;
    json!({ "my_word_counts": mine, "all_word_counts": all })
}

#[cfg(test)]
mod tests {
    use super::{CATEGORIES, counts, histogram, totals};
    use crate::opendota::filter::matches;
    use crate::opendota::player_match::PlayerMatch;
    use crate::opendota::world::World;

    const NOW: u64 = 1_795_154_136;

    fn played() -> Vec<PlayerMatch> {
        matches(86_745_912, World::at(NOW, NOW), &[])
    }

    #[test]
    fn every_category_and_every_histogram_counts_every_match_once() {
        let played = played();
        let counts = counts(&played);
        for category in CATEGORIES.iter().chain(&["is_radiant"]) {
            let games = counts[category].as_object().unwrap().values().map(|tally| tally["games"].as_u64().unwrap());
            assert_eq!(games.sum::<u64>(), played.len() as u64, "{category}");
        }
        let histogram = histogram(&played, "kills");
        let games = histogram.as_array().unwrap().iter().map(|bucket| bucket["games"].as_u64().unwrap());
        assert_eq!(games.sum::<u64>(), played.len() as u64);
    }

    #[test]
    fn a_total_is_the_sum_of_its_column() {
        let played = played();
        let kills: u64 = played.iter().map(|played| played.score.kills).sum();
        assert_eq!(totals(&played)[0]["sum"].as_u64().unwrap(), kills);
        assert_eq!(totals(&played)[0]["n"].as_u64().unwrap(), played.len() as u64);
    }
}
