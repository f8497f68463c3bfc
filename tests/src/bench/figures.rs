//! Numbers measured in turns, and what is said of them.

use anyhow::Result;

/// The same thing measured several times.
#[derive(Clone, Debug, Default)]
pub struct Series(Vec<f64>);

impl Series {
    /// Of these.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        Self(values.into_iter().collect())
    }

    /// One more.
    pub fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in the order they were measured.
    pub fn values(&self) -> &[f64] {
        &self.0
    }

    /// The middle one; with an even number, the mean of the two in the middle. NaN of nothing.
    pub fn median(&self) -> f64 {
        let sorted = self.sorted();
        let middle = sorted.len() / 2;
        match (sorted.get(middle.wrapping_sub(1)), sorted.get(middle)) {
            (Some(below), Some(above)) if sorted.len().is_multiple_of(2) => f64::midpoint(*below, *above),
            (_, Some(middle)) => *middle,
            _ => f64::NAN,
        }
    }

    /// The least.
    pub fn min(&self) -> f64 {
        self.0.iter().copied().fold(f64::NAN, f64::min)
    }

    /// The most.
    pub fn max(&self) -> f64 {
        self.0.iter().copied().fold(f64::NAN, f64::max)
    }

    /// The value that a share `p` (0 to 1) of all does not exceed (nearest rank). NaN of nothing.
    pub fn percentile(&self, p: f64) -> f64 {
        let sorted = self.sorted();
        let rank = (p * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    }

    /// Turn by turn divided by `other`: the ratio is taken within a turn, where both sides had the
    /// same neighbours.
    pub fn over(&self, other: &Self) -> Self {
        Self::of(self.0.iter().zip(&other.0).map(|(a, b)| a / b))
    }

    /// Turn by turn less `other`.
    pub fn less(&self, other: &Self) -> Self {
        Self::of(self.0.iter().zip(&other.0).map(|(a, b)| a - b))
    }

    /// `median (min–max)`, each written by `write`.
    pub fn show(&self, write: impl Fn(f64) -> String) -> String {
        if self.is_empty() {
            return "—".to_owned();
        }
        format!("{} ({}–{})", write(self.median()), write(self.min()), write(self.max()))
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

/// Measures `sides` in turns: all of them once, then all of them again, … The order is turned round
/// every other time, so that no side always follows the same other one.
///
/// # Errors
///
/// The first error of `measure`.
pub fn in_turns<S, M>(
    turns: usize,
    sides: &mut [S],
    mut measure: impl FnMut(&mut S, usize) -> Result<M>,
) -> Result<Vec<Vec<M>>> {
    let mut measured: Vec<Vec<M>> = sides.iter().map(|_| Vec::with_capacity(turns)).collect();
    for turn in 0..turns {
        let mut pairs: Vec<_> = sides.iter_mut().zip(&mut measured).collect();
        if turn % 2 == 1 {
            pairs.reverse();
        }
        for (side, results) in pairs {
            results.push(measure(side, turn)?);
        }
    }
    Ok(measured)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_percentiles() {
        assert_eq!(Series::of([3.0, 1.0, 2.0]).median(), 2.0);
        assert_eq!(Series::of([4.0, 1.0, 2.0, 3.0]).median(), 2.5);
        assert!(Series::default().median().is_nan());
        let hundred = Series::of((1..=100).map(f64::from));
        assert_eq!((hundred.percentile(0.5), hundred.percentile(0.99)), (50.0, 99.0));
        assert_eq!((hundred.min(), hundred.max()), (1.0, 100.0));
        assert_eq!(hundred.percentile(1.0), 100.0);
    }

    #[test]
    fn ratios_are_taken_within_a_turn() {
        let ratio = Series::of([10.0, 40.0]).over(&Series::of([10.0, 20.0]));
        assert_eq!(ratio.show(|v| format!("{v}")), "1.5 (1–2)");
    }

    #[test]
    fn turns_alternate_and_keep_their_sides() {
        let mut order = Vec::new();
        let measured = in_turns(3, &mut ['a', 'b'], |side, turn| {
            order.push(*side);
            Ok((*side, turn))
        })
        .expect("nothing fails");
        assert_eq!(order, ['a', 'b', 'b', 'a', 'a', 'b']);
        assert_eq!(measured[1], [('b', 0), ('b', 1), ('b', 2)]);
    }
}
