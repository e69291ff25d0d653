//! A table that is no wider than the terminal.

use super::table::TableRows;

/// How far a column is cut before others are left out: one character and dots.
const NARROWEST: usize = 4;

/// Draws a table; the note says which columns were left out.
pub(super) fn table(table: &TableRows, width: Option<usize>) -> (String, Option<String>) {
    let wanted = table.widths();
    let widths = match width {
        Some(width) => fit(&wanted, width),
        None => wanted.clone(),
    };
    let note = (widths.len() < wanted.len() && !table.is_empty()).then(|| {
        let (shown, all) = (widths.len(), wanted.len());
        format!("only showing {shown} of {all} columns")
    });
    (table.render(&widths), note)
}

/// Cuts the widest columns until all fit between borders; then leaves out the last ones. One column
/// is always kept.
fn fit(wanted: &[usize], width: usize) -> Vec<usize> {
    let room = |columns: usize| width.saturating_sub(columns + 1);
    let narrow = |wanted: &[usize]| {
        wanted
            .iter()
            .map(|one| (*one).min(NARROWEST))
            .sum::<usize>()
    };
    let mut columns = wanted.len();
    while columns > 1 && narrow(wanted.get(..columns).unwrap_or(wanted)) > room(columns) {
        columns -= 1;
    }
    let wanted = wanted.get(..columns).unwrap_or(wanted);
    let room = room(columns);
    let sum = |most: usize| wanted.iter().map(|one| (*one).min(most)).sum::<usize>();
    // The widest that columns may be so that all fit; what it leaves over goes to the first cut ones.
    let widest = wanted.iter().copied().max().unwrap_or(0);
    let most = (NARROWEST..=widest).rev().find(|most| sum(*most) <= room);
    let most = most.unwrap_or(NARROWEST.min(widest));
    let mut left = room.saturating_sub(sum(most));
    let widen = |one: &usize| {
        let more = usize::from(*one > most && left > 0);
        left -= more;
        (*one).min(most) + more
    };
    wanted.iter().map(widen).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_widest_columns_give_way_first() {
        assert_eq!(fit(&[3, 5], 80), [3, 5]);
        assert_eq!(fit(&[3, 50, 40], 64), [3, 29, 28]);
        assert_eq!(fit(&[2, 30, 30, 30], 16), [2, 5, 5]);
        assert_eq!(fit(&[30], 2), [4]);
        assert!(fit(&[], 10).is_empty());
    }

    proptest! {
        #[test]
        fn a_table_fits_if_one_narrow_column_does(
            wanted in prop::collection::vec(1..60_usize, 1..12),
            width in 6..120_usize,
        ) {
            let fitted = fit(&wanted, width);
            let total = fitted.iter().sum::<usize>() + fitted.len() + 1;
            prop_assert!(total <= width, "{fitted:?}");
            for (got, want) in fitted.iter().zip(&wanted) {
                prop_assert!(got <= want && *got >= (*want).min(NARROWEST));
            }
            let whole = wanted.iter().sum::<usize>() + wanted.len() < width;
            prop_assert!(!whole || fitted == wanted);
        }
    }
}
