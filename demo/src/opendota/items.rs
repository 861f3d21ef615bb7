//! Items of the shop: what players buy in generated matches.

use crate::dice::Dice;

/// An item as the item constants have it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Item {
    pub(crate) id: u32,
    pub(crate) tag: &'static str,
    pub(crate) name: &'static str,
    pub(crate) cost: u32,
}

/// A few different items, in the order they are bought.
pub(crate) fn build(dice: &mut Dice, count: usize) -> Vec<Item> {
    let start = dice.index(ITEMS.len());
    let mut items: Vec<Item> =
        ITEMS.iter().cycle().skip(start).step_by(5).take(count.min(ITEMS.len())).copied().collect();
    items.sort_by_key(|item| item.cost);
    items
}

const fn item(id: u32, tag: &'static str, name: &'static str, cost: u32) -> Item {
    Item { id, tag, name, cost }
}

// 52 has no common divisor with the step of `build`, so a build never has an item twice.
pub(crate) const ITEMS: [Item; 52] = [
    item(1, "blink", "Blink Dagger", 2250),
    item(16, "branches", "Iron Branch", 50),
    item(29, "boots", "Boots of Speed", 500),
    item(34, "magic_stick", "Magic Stick", 200),
    item(36, "magic_wand", "Magic Wand", 450),
    item(38, "clarity", "Clarity", 50),
    item(39, "flask", "Healing Salve", 100),
    item(41, "bottle", "Bottle", 675),
    item(42, "ward_observer", "Observer Ward", 0),
    item(43, "ward_sentry", "Sentry Ward", 50),
    item(44, "tango", "Tango", 90),
    item(46, "tpscroll", "Town Portal Scroll", 100),
    item(48, "travel_boots", "Boots of Travel", 2500),
    item(50, "phase_boots", "Phase Boots", 1500),
    item(63, "power_treads", "Power Treads", 1400),
    item(65, "hand_of_midas", "Hand of Midas", 2200),
    item(73, "bracer", "Bracer", 505),
    item(75, "wraith_band", "Wraith Band", 505),
    item(77, "null_talisman", "Null Talisman", 505),
    item(79, "mekansm", "Mekansm", 1775),
    item(81, "vladmir", "Vladmir's Offering", 2200),
    item(90, "pipe", "Pipe of Insight", 3725),
    item(96, "sheepstick", "Scythe of Vyse", 5200),
    item(98, "orchid", "Orchid Malevolence", 3275),
    item(100, "cyclone", "Eul's Scepter of Divinity", 2625),
    item(102, "force_staff", "Force Staff", 2200),
    item(104, "dagon", "Dagon", 2850),
    item(108, "ultimate_scepter", "Aghanim's Scepter", 4200),
    item(110, "refresher", "Refresher Orb", 5000),
    item(112, "assault", "Assault Cuirass", 5125),
    item(114, "heart", "Heart of Tarrasque", 5200),
    item(116, "black_king_bar", "Black King Bar", 4050),
    item(119, "shivas_guard", "Shiva's Guard", 5175),
    item(123, "sphere", "Linken's Sphere", 4800),
    item(127, "blade_mail", "Blade Mail", 2300),
    item(131, "hood_of_defiance", "Hood of Defiance", 1500),
    item(133, "rapier", "Divine Rapier", 5600),
    item(135, "monkey_king_bar", "Monkey King Bar", 4700),
    item(137, "radiance", "Radiance", 4700),
    item(139, "butterfly", "Butterfly", 5450),
    item(141, "greater_crit", "Daedalus", 5100),
    item(143, "basher", "Skull Basher", 2875),
    item(145, "bfury", "Battle Fury", 4100),
    item(147, "manta", "Manta Style", 4650),
    item(151, "armlet", "Armlet of Mordiggian", 2500),
    item(154, "sange_and_yasha", "Sange and Yasha", 4200),
    item(156, "satanic", "Satanic", 5050),
    item(158, "mjollnir", "Mjollnir", 5500),
    item(160, "skadi", "Eye of Skadi", 5300),
    item(180, "arcane_boots", "Arcane Boots", 1400),
    item(231, "guardian_greaves", "Guardian Greaves", 5050),
    item(254, "glimmer_cape", "Glimmer Cape", 2150),
];

#[cfg(test)]
mod tests {
    use super::{ITEMS, build};
    use crate::dice::Dice;

    #[test]
    fn a_build_has_no_item_twice() {
        let mut ids: Vec<_> = build(&mut Dice::of(&[3]), ITEMS.len()).iter().map(|item| item.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ITEMS.len());
    }
}
