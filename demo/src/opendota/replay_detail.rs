//! What a parsed replay adds to a match page; most of its size.

use serde_json::{Map, Value, json};

use super::game::Game;
use super::hero_names::HEROES;
use super::items::{self, Item};
use super::match_page::object;
use super::player_match::PlayerMatch;
use crate::dice::Dice;

const CREEPS: [&str; 14] = [
    "npc_dota_creep_badguys_melee",
    "npc_dota_creep_badguys_ranged",
    "npc_dota_creep_goodguys_melee",
    "npc_dota_creep_goodguys_ranged",
    "npc_dota_goodguys_siege",
    "npc_dota_badguys_siege",
    "npc_dota_neutral_kobold",
    "npc_dota_neutral_centaur_khan",
    "npc_dota_neutral_satyr_trickster",
    "npc_dota_neutral_alpha_wolf",
    "npc_dota_neutral_mud_golem",
    "npc_dota_neutral_harpy_scout",
    "npc_dota_neutral_ogre_magi",
    "npc_dota_neutral_black_dragon",
];

const MEASURES: [&str; 12] = [
    "lane",
    "lane_role",
    "is_roaming",
    "lane_efficiency_pct",
    "stuns",
    "tower_kills",
    "neutral_kills",
    "courier_kills",
    "pings",
    "actions_per_min",
    "purchase_tpscroll",
    "purchase_gem",
];

pub(crate) fn of_match(game: Game) -> Map<String, Value> {
    let mut dice = game.dice(80);
    let minutes = game.duration_secs() / 60;
    object(json!({
        "radiant_gold_adv": (0..=minutes).map(|_| dice.below(9_000)).collect::<Vec<_>>(),
        "radiant_xp_adv": (0..=minutes).map(|_| dice.below(9_000)).collect::<Vec<_>>(),
        "chat": (0..8).map(|_| chat_line(&mut dice, minutes)).collect::<Value>(),
        "objectives": (0..14).map(|_| objective(&mut dice, minutes)).collect::<Value>(),
        "teamfights": (0..dice.between(2, 6)).map(|_| teamfight(&mut dice, minutes)).collect::<Value>(),
        "all_word_counts": { "gg": 2, "wp": 1 }, "my_word_counts": {},
        "throw": dice.below(9_000), "loss": dice.below(9_000), "comeback": dice.below(9_000), "stomp": dice.below(9_000),
    }))
}

pub(crate) fn of_player(played: &PlayerMatch) -> Map<String, Value> {
    let mut dice = played.dice(81);
    let mut detail = timelines(played, &mut dice);
    detail.append(&mut fights(&mut dice));
    detail.append(&mut purchases(played, &mut dice));
    detail.append(&mut wards(&mut dice));
    detail.append(&mut object(played.project(MEASURES)));
    detail.append(&mut object(json!({
        "pred_vict": false, "randomed": false, "repicked": null, "firstblood_claimed": 0, "roshans_killed": 0,
        "rune_pickups": dice.below(12), "camps_stacked": dice.below(6), "creeps_stacked": dice.below(12),
        "teamfight_participation": dice.fraction(), "observers_placed": dice.below(9), "towers_killed": dice.below(4),
        "lane_kills": dice.below(90), "ancient_kills": dice.below(12), "buyback_count": dice.below(3),
        "life_state_dead": dice.below(240), "life_state": { "0": dice.between(400, 1_000), "2": dice.below(240) },
    })));
    detail
}

fn timelines(played: &PlayerMatch, dice: &mut Dice) -> Map<String, Value> {
    let minutes = played.game.duration_secs() / 60;
    let mut growing = |per_minute: u64| {
        let step = |total: &mut u64, _| {
            *total += dice.between(per_minute / 2, per_minute * 3 / 2);
            Some(*total)
        };
        (0..=minutes).scan(0, step).collect::<Vec<u64>>()
    };
    object(json!({
        "times": (0..=minutes).map(|minute| minute * 60).collect::<Vec<_>>(),
        "gold_t": growing(played.score.gold_per_min), "xp_t": growing(played.score.xp_per_min),
        "lh_t": growing(5), "dn_t": growing(1),
    }))
}

fn fights(dice: &mut Dice) -> Map<String, Value> {
    let mut units: Vec<String> = CREEPS.iter().map(|&unit| unit.to_owned()).collect();
    units.extend((0..10).map(|_| hero_unit(dice)));
    let mut by_unit = |most| units.iter().map(|unit| (unit.clone(), json!(dice.below(most)))).collect::<Value>();
    let (damage, taken, killed) = (by_unit(4_000), by_unit(2_500), by_unit(60));
    let kill = |dice: &mut Dice| json!({ "time": dice.below(1_100), "key": hero_unit(dice) });
    object(json!({
        "damage": damage, "damage_taken": taken, "killed": killed,
        "kills_log": (0..dice.below(10)).map(|_| kill(dice)).collect::<Value>(),
        "killed_by": (0..4).map(|_| (hero_unit(dice), json!(1))).collect::<Value>(),
        "damage_targets": { "null": (0..5).map(|_| (hero_unit(dice), json!(dice.below(5_000)))).collect::<Value>() },
        "damage_inflictor": { "null": dice.below(20_000) }, "damage_inflictor_received": { "null": dice.below(20_000) },
        "hero_hits": { "null": dice.below(300) }, "multi_kills": {}, "kill_streaks": {},
        "max_hero_hit": {
            "type": "max_hero_hit", "time": dice.below(1_100), "max": true, "inflictor": null, "unit": hero_unit(dice),
            "key": hero_unit(dice), "value": dice.between(300, 1_400),
        },
        "actions": (1..34).map(|order: u64| (order.to_string(), json!(dice.below(4_000)))).collect::<Value>(),
        "gold_reasons": { "0": dice.below(1_600), "12": dice.below(3_000), "13": dice.below(9_000) },
        "xp_reasons": { "0": dice.below(90), "1": dice.below(6_000), "2": dice.below(9_000) },
    }))
}

fn purchases(played: &PlayerMatch, dice: &mut Dice) -> Map<String, Value> {
    let bought = items::build(dice, 26);
    let last_at = played.game.duration_secs();
    let log: Value = (0..2)
        .flat_map(|_| bought.iter())
        .map(|item| json!({ "time": dice.below(last_at), "key": item.tag }))
        .collect();
    let mut by_item = |most| {
        let entry = |item: &Item| (item.tag.to_owned(), json!(dice.below(most)));
        bought.iter().map(entry).collect::<Value>()
    };
    object(json!({
        "purchase_log": log, "purchase": by_item(5), "purchase_time": by_item(last_at),
        "first_purchase_time": by_item(last_at), "item_uses": by_item(40), "item_win": by_item(2), "item_usage": by_item(2),
    }))
}

fn wards(dice: &mut Dice) -> Map<String, Value> {
    let mut lane_pos = Map::new();
    for x in (66..186).step_by(2) {
        let row = (0..4).map(|_| (dice.between(66, 186).to_string(), json!(dice.between(1, 5)))).collect::<Value>();
        lane_pos.insert(x.to_string(), row);
    }
    let ward = |kind: &str, dice: &mut Dice| {
        json!({
            "time": dice.below(1_100), "type": kind, "x": dice.between(66, 186), "y": dice.between(66, 186), "z": 130,
            "entityleft": false, "ehandle": dice.below(16_000_000), "key": "[96,102]",
        })
    };
    object(json!({
        "obs_log": (0..dice.below(6)).map(|_| ward("obs_log", dice)).collect::<Value>(),
        "sen_log": (0..dice.below(6)).map(|_| ward("sen_log", dice)).collect::<Value>(),
        "runes_log": (0..dice.below(9)).map(|_| json!({ "time": dice.below(1_100), "key": dice.below(8) })).collect::<Value>(),
        "lane_pos": lane_pos,
    }))
}

fn chat_line(dice: &mut Dice, minutes: u64) -> Value {
    let slot = dice.below(10);
    json!({
        "time": dice.below(minutes * 60), "type": "chat", "key": dice.pick(&["gg", "wp", "glhf", "?", "nice"]),
        "slot": slot, "player_slot": if slot < 5 { slot } else { slot + 123 },
    })
}

fn objective(dice: &mut Dice, minutes: u64) -> Value {
    let tier = dice.between(1, 4);
    json!({
        "time": dice.below(minutes * 60), "type": "building_kill", "unit": hero_unit(dice), "slot": dice.below(10),
        "key": format!("npc_dota_badguys_tower{tier}_mid"), "player_slot": dice.below(5),
    })
}

fn teamfight(dice: &mut Dice, minutes: u64) -> Value {
    let start = dice.below(minutes * 60);
    let player = |dice: &mut Dice| {
        json!({
            "deaths_pos": {}, "ability_uses": {}, "item_uses": {}, "killed": {}, "deaths": dice.below(2),
            "buybacks": 0, "damage": dice.below(3_000), "healing": dice.below(900), "gold_delta": dice.below(1_800),
            "xp_delta": dice.below(2_400), "xp_start": dice.below(20_000), "xp_end": dice.below(24_000),
        })
    };
    json!({
        "start": start, "end": start + 50, "last_death": start + 35, "deaths": dice.between(3, 9),
        "players": (0..10).map(|_| player(dice)).collect::<Value>(),
    })
}

fn hero_unit(dice: &mut Dice) -> String {
    let tag = HEROES.get(dice.index(HEROES.len())).map_or("axe", |hero| hero.tag);
    format!("npc_dota_hero_{tag}")
}
