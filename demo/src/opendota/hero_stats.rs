//! `/heroStats` and the hero constants: attributes, and how often each hero was picked and won.

use serde_json::{Map, Value, json};

use super::hero_names::{HEROES, Hero};
use super::world::World;
use super::{heroes, match_page::object};
use crate::dice::Dice;

/// The upstream computes these once a minute.
pub(crate) fn list(world: World) -> Value {
    let minute = world.now / 60 * 60;
    HEROES.iter().map(|hero| Value::Object(stats(hero, minute))).collect()
}

/// Attributes, as both `/heroStats` and `/constants/heroes` have them.
pub(crate) fn attributes(hero: &Hero) -> Map<String, Value> {
    let mut dice = Dice::of(&[101, hero.id.into()]);
    let attack = dice.between(21, 40);
    let mut attributes = object(heroes::identity(hero));
    attributes.append(&mut object(json!({
        "img": format!("/apps/dota2/images/dota_react/heroes/{}.png?", hero.tag),
        "icon": format!("/apps/dota2/images/dota_react/heroes/icons/{}.png?", hero.tag),
        "base_health": 120, "base_health_regen": quarters(&mut dice, 12), "base_mana": 75, "base_mana_regen": 0,
        "base_armor": dice.below(6), "base_mr": 25, "base_attack_min": attack, "base_attack_max": attack + dice.between(2, 9),
        "base_str": dice.between(15, 28), "base_agi": dice.between(10, 28), "base_int": dice.between(12, 30),
        "str_gain": quarters(&mut dice, 16), "agi_gain": quarters(&mut dice, 14), "int_gain": quarters(&mut dice, 16),
        "attack_range": if hero.melee { 150 } else { 50 * dice.between(7, 14) },
        "projectile_speed": if hero.melee { 0 } else { 900 }, "attack_rate": 1.7, "base_attack_time": 100,
        "attack_point": 0.3, "move_speed": 5 * dice.between(56, 66), "turn_rate": null, "cm_enabled": true,
        "day_vision": 1800, "night_vision": 800,
    })));
    attributes
}

fn stats(hero: &Hero, now: u64) -> Map<String, Value> {
    let mut stats = attributes(hero);
    let mut insert = |name: String, value: Value| stats.insert(name, value);
    for bracket in 1..=8_u64 {
        let count = Count::of(hero, bracket, now);
        insert(format!("{bracket}_pick"), json!(count.picks()));
        insert(format!("{bracket}_win"), json!(count.wins()));
    }
    for (bracket, picks, wins) in [(9, "turbo_picks", "turbo_wins"), (10, "pub_pick", "pub_win")] {
        let count = Count::of(hero, bracket, now);
        insert(picks.to_owned(), json!(count.picks()));
        insert(wins.to_owned(), json!(count.wins()));
        insert(format!("{picks}_trend"), count.trend(100));
        insert(format!("{wins}_trend"), count.trend(count.win_percent));
    }
    let (pro, banned) = (Count::of(hero, 11, now), Count::of(hero, 12, now));
    insert("pro_pick".to_owned(), json!(pro.picks() / 500));
    insert("pro_win".to_owned(), json!(pro.wins() / 500));
    insert("pro_ban".to_owned(), json!(banned.picks() / 500));
    insert("hero_id".to_owned(), json!(hero.id));
    stats
}

/// Picks in one bracket, one more every few seconds.
struct Count {
    now: u64,
    every_secs: u64,
    win_percent: u64,
}

impl Count {
    fn of(hero: &Hero, bracket: u64, now: u64) -> Self {
        let mut dice = Dice::of(&[102, hero.id.into(), bracket]);
        Self { now, every_secs: dice.between(9, 120), win_percent: dice.between(44, 56) }
    }

    fn picks(&self) -> u64 {
        self.now.saturating_sub(1_780_000_000) / self.every_secs
    }

    fn wins(&self) -> u64 {
        self.picks() * self.win_percent / 100
    }

    /// Seven days; the last one is today so far.
    fn trend(&self, percent: u64) -> Value {
        let today = self.now % 86_400 / self.every_secs;
        let day = 86_400 / self.every_secs;
        [day, day, day, day, day, day, today].iter().map(|picks| json!(picks * percent / 100)).collect()
    }
}

fn quarters(dice: &mut Dice, most: u32) -> f64 {
    u32::try_from(dice.between(1, most.into())).map_or(0.0, f64::from) / 4.0
}

#[cfg(test)]
mod tests {
    use super::{World, list};
    use serde_json::Value;

    const NOW: u64 = 1_795_154_136;

    fn picks(now: u64) -> Vec<u64> {
        let rows = list(World::at(now, NOW));
        let sum = |row: &Value| (1..=8).map(|bracket| row[format!("{bracket}_pick")].as_u64().unwrap()).sum();
        rows.as_array().unwrap().iter().map(sum).collect()
    }

    #[test]
    fn counts_grow_once_a_minute() {
        let minute = NOW / 60 * 60;
        assert_eq!(picks(minute), picks(minute + 59));
        let later = picks(minute + 600);
        assert!(picks(minute).iter().zip(&later).all(|(before, after)| before < after));
    }

    #[test]
    fn every_hero_has_many_fields_and_wins_no_more_than_it_is_picked() {
        let rows = list(World::at(NOW, NOW));
        assert_eq!(rows.as_array().unwrap().len(), 127);
        for row in rows.as_array().unwrap() {
            assert!(row.as_object().unwrap().len() > 55);
            for bracket in 1..=8 {
                let count = |what: &str| row[format!("{bracket}_{what}")].as_u64().unwrap();
                assert!(count("win") <= count("pick"));
            }
        }
    }
}
