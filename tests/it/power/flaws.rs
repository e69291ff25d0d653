//! The twins: a disk that breaks a promise must make the matrix find a violation. A matrix that
//! passes on such a disk has not looked.

use streamwriter::testing::{DiskFlaw, SimulatedDisk};

use super::bench::{NUMBERS, memory_directory, numbers, survivals};
use super::cuts::cut_at_every_change;

fn violation_on(flaw: DiskFlaw) -> String {
    let make = || {
        let directory = memory_directory();
        let disk = SimulatedDisk::flawed(directory.path(), flaw).unwrap();
        (directory, disk)
    };
    cut_at_every_change(&make, (&numbers, NUMBERS), survivals).expect_some()
}

#[test]
fn e8_a_disk_that_ignores_the_syncs_of_files_is_found_out() {
    let violation = violation_on(DiskFlaw::IgnoresFileSyncs);
    println!("{violation}");
    assert!(violation.contains("and not those"), "{violation}");
}

#[test]
fn e8_a_disk_that_ignores_the_syncs_of_directories_is_found_out() {
    let violation = violation_on(DiskFlaw::IgnoresDirectorySyncs);
    println!("{violation}");
    assert!(violation.contains("is gone"), "{violation}");
}

#[test]
fn e8_a_disk_whose_renames_may_lose_both_names_is_found_out() {
    let violation = violation_on(DiskFlaw::TearsRenames);
    println!("{violation}");
    assert!(
        violation.contains("the file is neither staged nor published"),
        "{violation}"
    );
}
