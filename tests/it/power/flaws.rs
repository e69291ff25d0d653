//! The twins: a disk that breaks a promise must make the matrix find a violation. A matrix that
//! passes on such a disk has not looked.

use streamwriter::testing::{DiskFlaw, PowerMatrix, PowerViolation, SimulatedDisk};

use super::bench::{NUMBERS, judge, memory_directory, numbers, seeds};

fn violation_on(flaw: DiskFlaw) -> PowerViolation {
    let directory = memory_directory();
    let disk = SimulatedDisk::flawed(directory.path(), flaw).unwrap();
    let judge = judge(NUMBERS);
    let matrix = PowerMatrix::new(&disk, &numbers, &judge).seeds(seeds());
    let violation = matrix.cut_everywhere().unwrap_err();
    println!("{violation}");
    violation
}

/// What the cut that was found comes down to.
fn losses(violation: &PowerViolation) -> String {
    let losses = violation.cut.losses.iter();
    losses.map(|loss| loss.what.clone() + "\n").collect()
}

#[test]
fn e8_a_disk_that_ignores_the_syncs_of_files_is_found_out() {
    let violation = violation_on(DiskFlaw::IgnoresFileSyncs);
    assert!(losses(&violation).contains("and not those"), "{violation}");
}

#[test]
fn e8_a_disk_that_ignores_the_syncs_of_directories_is_found_out() {
    let violation = violation_on(DiskFlaw::IgnoresDirectorySyncs);
    assert!(losses(&violation).contains("is gone"), "{violation}");
}

#[test]
fn e8_a_disk_whose_renames_may_lose_both_names_is_found_out() {
    let violation = violation_on(DiskFlaw::TearsRenames);
    assert_eq!(violation.cut.losses.len(), 1, "{violation}");
    assert!(
        violation.what.contains("neither staged nor published"),
        "{violation}"
    );
}
