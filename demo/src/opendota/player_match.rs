//! One player's part in one match, column by column, as match lists and aggregates show it.

use serde_json::{Value, json};

use super::account;
use super::game::{Game, Seat};
use crate::dice::Dice;

/// The parser's format number, for matches whose replay has been parsed.
pub(crate) const PARSER_VERSION: u32 = 22;

/// A seat of a match with everything that was counted there.
#[derive(Clone, Debug)]
pub(crate) struct PlayerMatch {
    pub(crate) game: Game,
    pub(crate) seat: Seat,
    pub(crate) parsed: bool,
    pub(crate) score: Score,
}

/// What the game counts for every player.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Score {
    pub(crate) kills: u64,
    pub(crate) deaths: u64,
    pub(crate) assists: u64,
    pub(crate) gold_per_min: u64,
    pub(crate) xp_per_min: u64,
    pub(crate) last_hits: u64,
    pub(crate) denies: u64,
    pub(crate) hero_damage: u64,
    pub(crate) tower_damage: u64,
    pub(crate) hero_healing: u64,
    pub(crate) level: u64,
}

impl PlayerMatch {
    pub(crate) fn new(game: Game, seat: Seat, now: u64) -> Self {
        Self { game, seat, parsed: game.is_parsed(now), score: Score::of(game, &seat) }
    }

    pub(crate) fn won(&self) -> bool {
        self.seat.radiant == self.game.radiant_win()
    }

    pub(crate) fn dice(&self, purpose: u64) -> Dice {
        Dice::of(&[purpose, self.seat.account.into(), self.game.number])
    }

    /// The named columns as a JSON object; those unknown or not told yet are null.
    pub(crate) fn project<'a>(&self, columns: impl IntoIterator<Item = &'a str>) -> Value {
        columns.into_iter().map(|column| (column.to_owned(), self.column(column))).collect()
    }

    pub(crate) fn column(&self, name: &str) -> Value {
        match name {
            "match_id" => json!(self.game.id()),
            "radiant_win" => json!(self.game.radiant_win()),
            "version" => json!(self.parsed.then_some(PARSER_VERSION)),
            "is_roaming" => json!(self.parsed.then_some(false)),
            "heroes" => self.heroes(),
            _ => json!(self.measure(name)),
        }
    }

    /// A column that is a number; none while it is unknown.
    pub(crate) fn measure(&self, name: &str) -> Option<u64> {
        let score = &self.score;
        let value = match name {
            "player_slot" => self.seat.player_slot().into(),
            "hero_id" => self.seat.hero.id.into(),
            "start_time" => self.game.started_at(),
            "duration" => self.game.duration_secs(),
            "game_mode" => self.game.game_mode().into(),
            "lobby_type" => self.game.lobby_type().into(),
            "cluster" => self.game.cluster_and_region().0.into(),
            "region" => self.game.cluster_and_region().1.into(),
            "patch" => 59,
            "leagueid" => self.game.league().map_or(0, |league| league.id.into()),
            "leaver_status" => u64::from(self.dice(31).percent(1)),
            "average_rank" => account::rank_tier(account::base_mmr(self.game.cohort.account(0))).unsigned_abs(),
            "hero_variant" => self.dice(32).between(1, 3),
            "kills" => score.kills,
            "deaths" => score.deaths,
            "assists" => score.assists,
            "kda" => (score.kills + score.assists) / (score.deaths + 1),
            "gold_per_min" => score.gold_per_min,
            "xp_per_min" => score.xp_per_min,
            "last_hits" => score.last_hits,
            "denies" => score.denies,
            "hero_damage" => score.hero_damage,
            "tower_damage" => score.tower_damage,
            "hero_healing" => score.hero_healing,
            "level" => score.level,
            parsed_only => return self.parsed.then(|| self.parsed_measure(parsed_only)).flatten(),
        };
        Some(value)
    }

    /// What only the replay tells.
    fn parsed_measure(&self, name: &str) -> Option<u64> {
        let mut dice = self.dice(33);
        let lane_role = self.lane_role();
        let value = match name {
            "lane_role" => lane_role,
            // The safe lane is the bottom one for the one side and the top one for the other.
            "lane" => {
                if self.seat.radiant || lane_role == 2 {
                    lane_role
                } else {
                    4 - lane_role
                }
            }
            "lane_efficiency_pct" => dice.between(35, 105),
            "stuns" => dice.below(90),
            "tower_kills" => self.score.tower_damage / 1_500,
            "neutral_kills" => self.score.last_hits / 4,
            "courier_kills" => dice.below(2),
            "purchase_tpscroll" => dice.between(1, 9),
            "purchase_ward_observer" => {
                if self.seat.position > 2 {
                    dice.between(2, 12)
                } else {
                    0
                }
            }
            "purchase_ward_sentry" => {
                if self.seat.position > 2 {
                    dice.between(2, 20)
                } else {
                    0
                }
            }
            "purchase_gem" | "purchase_rapier" => u64::from(dice.percent(4)),
            "pings" => dice.below(60),
            "actions_per_min" => dice.between(90, 420),
            "comeback" | "stomp" if self.won() => dice.between(200, 24_000),
            "throw" | "loss" if !self.won() => dice.between(200, 24_000),
            _ => return None,
        };
        Some(value)
    }

    pub(crate) fn lane_role(&self) -> u64 {
        match self.seat.position {
            1 => 2,
            2 | 3 => 3,
            _ => 1,
        }
    }

    /// Who else played, by player slot.
    fn heroes(&self) -> Value {
        let entry = |seat: &Seat| json!({ "account_id": seat.account, "hero_id": seat.hero.id });
        self.game.seats().iter().map(|seat| (seat.player_slot().to_string(), entry(seat))).collect()
    }
}

impl Score {
    /// Cores farm more, winners die less.
    fn of(game: Game, seat: &Seat) -> Self {
        let mut dice = Dice::of(&[30, seat.account.into(), game.number]);
        let minutes = (game.duration_secs() / 60).max(1);
        let won = seat.radiant == game.radiant_win();
        let core = u64::from(seat.position < 3);
        let kills = dice.below(7 + 7 * core) + u64::from(won);
        let gold_per_min = dice.between(240, 380) + core * dice.between(80, 320) + if won { 60 } else { 0 };
        let xp_per_min = dice.between(300, 520) + core * dice.between(80, 300);
        Self {
            kills,
            deaths: dice.below(if won { 7 } else { 12 }),
            assists: dice.below(20 - 6 * core),
            gold_per_min,
            xp_per_min,
            last_hits: minutes * (dice.between(1, 3) + core * dice.between(2, 6)),
            denies: dice.below(18),
            hero_damage: minutes * dice.between(200, 700) + kills * 450,
            tower_damage: if won { dice.below(9_000) } else { dice.below(1_800) },
            hero_healing: if core == 0 { dice.below(7_000) } else { 0 },
            level: (minutes * xp_per_min / 620 + 3).min(30),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PARSER_VERSION, PlayerMatch};
    use crate::opendota::cohort::Cohort;
    use serde_json::json;

    #[test]
    fn what_only_the_replay_tells_comes_some_minutes_later() {
        let account = 86_745_912;
        let game = Cohort::of(account).latest(1_795_154_136);
        let at = |now| PlayerMatch::new(game, game.seat(account), now);
        let (fresh, parsed) = (at(game.ended_at()), at(game.ended_at() + 600));
        for column in ["version", "lane", "lane_role", "is_roaming", "pings"] {
            assert_eq!(fresh.column(column), json!(null), "{column}");
            assert_ne!(parsed.column(column), json!(null), "{column}");
        }
        assert_eq!(parsed.column("version"), json!(PARSER_VERSION));
        assert_eq!(fresh.project(["kills", "hero_id"]), parsed.project(["kills", "hero_id"]));
    }
}
