//! A power cut at every change of a run, then a restart.

use streamwriter::testing::PowerMatrix;

use super::bench::{NUMBERS, expect_restarts, good_disk, judge, numbers, overlapping, seeds};

#[test]
fn e1_e8_every_row_is_there_once_after_a_power_cut_at_any_system_call_and_a_restart() {
    let (_directory, disk) = good_disk();
    let judge = judge(NUMBERS);
    let matrix = PowerMatrix::new(&disk, &numbers, &judge).seeds(seeds());
    expect_restarts(matrix.cut_everywhere(), 900);
}

#[test]
fn e1_e8_the_same_on_a_file_system_that_links_and_unlinks_instead_of_renaming() {
    let (_directory, disk) = good_disk();
    let disk = disk.without_exclusive_rename();
    let judge = judge(NUMBERS);
    let matrix = PowerMatrix::new(&disk, &numbers, &judge).seeds(seeds());
    expect_restarts(matrix.cut_everywhere(), 900);
}

#[test]
fn e1_e8_b5_the_same_while_a_batch_is_written_beside_the_publication_of_another() {
    let (_directory, disk) = good_disk();
    let judge = judge(NUMBERS);
    let matrix = PowerMatrix::new(&disk, &overlapping, &judge).seeds(seeds());
    expect_restarts(matrix.cut_everywhere(), 900);
}
