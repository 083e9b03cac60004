//! Which season each point of the past belongs to.
//!
//! The windows around the day and around the same day of each past year are one season; what lies between two windows
//! is cut into the other seasons, as equal as whole points allow, the longer ones first. Numbering and cutting follow
//! R's `farringtonFlexible`, also where there are fewer points between two windows than seasons to cut.

use super::super::bad_field::BadFields;

/// What the seasons are cut by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut<'a> {
    /// The day, then the same day of each past year, latest first; all within the series.
    pub middles: &'a [usize],
    /// How many points on each side belong to the window.
    pub half_window: usize,
    /// How many seasons there are.
    pub periods: usize,
    /// The latest points up to the day that are left out.
    pub recent_left_out: usize,
}

/// The points of each season before the day, ascending; the season of the day is the last one.
pub(super) fn seasons(cut: Cut<'_>) -> Result<Vec<Vec<usize>>, BadFields> {
    let day = cut.middles[0];
    let marks = marks(cut)?;
    let end = day - cut.recent_left_out.min(day);
    let mut seasons = vec![Vec::new(); cut.periods];
    for (point, mark) in marks[..end].iter().enumerate() {
        if let Some(season) = mark {
            seasons[*season].push(point);
        }
    }
    Ok(seasons)
}

/// The season of each point up to the day.
fn marks(cut: Cut<'_>) -> Result<Vec<Option<usize>>, BadFields> {
    let Cut {
        middles,
        half_window,
        periods,
        ..
    } = cut;
    let own = periods - 1;
    let day = middles[0];
    let mut marks = vec![None; day + half_window + 2];
    marks[day - half_window..=day].fill(Some(own));
    for pair in middles.windows(2) {
        let [later, middle] = [pair[0], pair[1]];
        // The oldest window may begin one point before the series.
        marks[middle.saturating_sub(half_window)..=middle + half_window].fill(Some(own));
        if own == 0 {
            continue;
        }
        let between = (later - middle).checked_sub(2 * half_window + 1);
        let enough = between.filter(|between| between + 2 * half_window + 1 >= periods);
        let Some(between) = enough else {
            let allowed = format!("at most {}, the points of a cycle", later - middle);
            return Err(BadFields::one("periods", periods, &allowed));
        };
        let (length, longer) = (between / own, between % own);
        let mut start = middle + half_window + 1;
        for season in 0..own {
            let end = start + length + usize::from(season < longer);
            if end > start {
                marks[start..end].fill(Some(season));
            } else {
                marks[start - 1..=start].fill(Some(season));
            }
            start = end;
        }
    }
    Ok(marks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(middles: &[usize], half_window: usize, periods: usize) -> Cut<'_> {
        Cut {
            middles,
            half_window,
            periods,
            recent_left_out: 2,
        }
    }

    #[test]
    fn a_year_is_cut_into_windows_and_equal_seasons_the_longer_ones_first() {
        let found = seasons(cut(&[25, 13, 1], 1, 5)).unwrap();
        // Between windows 0-2 and 12-14 lie nine points for four seasons: three, two, two, two.
        assert_eq!(
            found,
            [
                vec![3, 4, 5, 15, 16, 17],
                vec![6, 7, 18, 19],
                vec![8, 9, 20, 21],
                vec![10, 11, 22],
                vec![0, 1, 2, 12, 13, 14]
            ]
        );
    }

    #[test]
    fn one_season_is_the_windows_alone() {
        let found = seasons(cut(&[25, 13, 1], 1, 1)).unwrap();
        assert_eq!(found, [vec![0, 1, 2, 12, 13, 14]]);
    }

    #[test]
    fn more_seasons_than_points_are_refused() {
        let refused = seasons(cut(&[25, 13, 1], 1, 13)).unwrap_err().to_string();
        assert_eq!(
            refused,
            "periods is 13; allowed: at most 12, the points of a cycle"
        );
    }
}
