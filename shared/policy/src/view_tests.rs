//! The rules of a view, one by one.

use super::*;
use crate::board::{encode, encode_row};

const NOW: Timestamp = Timestamp::from_secs(1_000_000);

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn board(seq: u64, made_at: Timestamp, rows: &[(u64, u64, Timestamp)]) -> Option<Board> {
    let rows: Vec<u8> = rows
        .iter()
        .flat_map(|(hash, version, verified_at)| {
            encode_row(*hash, Row { version: *version, verified_at: *verified_at, demanded_until: NOW + secs(60) })
        })
        .collect();
    Board::decode(encode(seq, made_at, &[], &rows))
}

fn view(rows: &[(u64, u64, Timestamp)]) -> View {
    let mut view = View::default();
    view.loaded(board(5, NOW, rows), NOW, std::iter::empty());
    view
}

#[test]
fn a_board_is_reloaded_behind_after_15_s_and_first_after_30_s() {
    let view = view(&[]);
    for (age, expected) in
        [(0, Reload::No), (14, Reload::No), (15, Reload::Behind), (29, Reload::Behind), (30, Reload::First)]
    {
        assert_eq!(view.reload(NOW + secs(age)), expected, "after {age} s");
    }
    assert_eq!(View::default().reload(NOW), Reload::First);
}

#[test]
fn a_missing_board_is_looked_for_again_only_after_30_s() {
    let mut view = View::default();
    view.loaded(None, NOW, std::iter::empty());
    assert_eq!(view.reload(NOW + secs(29)), Reload::No);
    assert_eq!(view.reload(NOW + secs(30)), Reload::First);
}

#[test]
fn an_older_board_is_never_adopted() {
    let mut view = view(&[(1, 10, NOW)]);
    view.loaded(board(5, NOW, &[(1, 9, NOW)]), NOW, std::iter::empty());
    view.loaded(board(4, NOW, &[(1, 8, NOW)]), NOW, std::iter::empty());
    view.loaded(None, NOW, std::iter::empty());
    assert_eq!(view.want(1, 0), Want::AtLeast(10));
}

#[test]
fn the_wanted_version_is_the_highest_of_row_told_and_request() {
    let mut view = view(&[(1, 10, NOW)]);
    assert_eq!(view.want(1, 0), Want::AtLeast(10));
    view.heard(1, 12, NOW);
    assert_eq!(view.want(1, 0), Want::AtLeast(12));
    assert_eq!(view.want(1, 15), Want::AtLeast(15));
    assert_eq!(view.want(1, 0), Want::AtLeast(12), "a client's figure is not remembered");
    assert_eq!(view.want(2, 0), Want::Any);
    assert_eq!(view.want(2, 3), Want::AtLeast(3));
    assert!(!view.knows(2), "a client's figure does not send anybody to the hot tier");
}

#[test]
fn what_a_row_has_reached_need_not_be_remembered() {
    let mut view = view(&[(1, 10, NOW)]);
    view.heard(1, 12, NOW);
    view.heard(2, 7, NOW);
    view.loaded(board(6, NOW, &[(1, 12, NOW), (2, 6, NOW)]), NOW, std::iter::empty());
    assert_eq!(view.told.keys().copied().collect::<Vec<_>>(), [2]);
    assert_eq!(view.want(1, 0), Want::AtLeast(12));
    assert_eq!(view.want(2, 0), Want::AtLeast(7));
}

#[test]
fn a_copy_whose_row_vanished_keeps_its_version() {
    let mut view = view(&[(1, 10, NOW), (2, 20, NOW)]);
    view.loaded(board(6, NOW, &[]), NOW, [1].into_iter());
    assert_eq!(view.want(1, 0), Want::AtLeast(10));
    assert_eq!(view.want(2, 0), Want::Any, "no copy, so nothing older can be served");
}

#[test]
fn age_counts_from_the_board_unless_the_copy_is_newer_than_it() {
    let verified = NOW - secs(100);
    let view = view(&[(1, 10, verified)]);
    assert_eq!(view.verified_at(1, 10, NOW - secs(500)), verified);
    assert_eq!(view.verified_at(1, 10, NOW + secs(2)), verified, "within the clocks' difference");
    let newer = NOW + Duration::from_millis(2001);
    assert_eq!(view.verified_at(1, 10, newer), newer, "verified after the board was made");
    assert_eq!(view.verified_at(1, 11, NOW - secs(1)), NOW - secs(1), "a newer version");
    assert_eq!(view.verified_at(2, 1, NOW - secs(3)), NOW - secs(3), "not covered");
}

#[test]
fn a_tick_owns_demanded_keys_while_its_board_is_young() {
    let view = view(&[(1, 10, NOW)]);
    assert!(view.tick_owns(1, false, NOW + secs(59)));
    assert!(!view.tick_owns(1, false, NOW + secs(60)), "no longer demanded");
    assert!(view.tick_owns(1, true, NOW + secs(120)));
    assert!(!view.tick_owns(1, true, NOW + secs(121)), "the board is older than two ticks");
    assert!(!view.tick_owns(2, true, NOW), "not covered");
}

#[test]
fn too_many_told_versions_make_postgres_the_only_witness_until_a_later_board() {
    let mut view = view(&[]);
    for hash in 0..4096 {
        view.heard(hash, 1, NOW);
    }
    view.heard(5, 2, NOW);
    assert!(!view.strict(), "a known key needs no room");
    view.heard(9999, 1, NOW);
    assert!(view.strict());
    assert_eq!((view.want(9999, 0), view.want(5, 0)), (Want::AtLeast(1), Want::Any));
    view.loaded(board(6, NOW + secs(2), &[]), NOW, std::iter::empty());
    assert!(view.strict(), "made too early to speak of what was cleared");
    view.loaded(board(7, NOW + Duration::from_millis(2001), &[]), NOW, std::iter::empty());
    assert!(!view.strict());
}
