//! What a server says of itself on `/metrics`, and what changed between two looks.

use std::collections::BTreeMap;

/// Values by name with labels, as they stand on the page.
#[derive(Clone, Debug, Default)]
pub struct Page(BTreeMap<String, f64>);

impl Page {
    /// Reads Prometheus' text format.
    pub fn read(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let value = |line: &str| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        Self(lines.filter_map(value).collect())
    }

    /// A value without labels; 0 if there is none.
    pub fn get(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(0.0)
    }

    /// The same of a counter.
    pub fn count(&self, name: &str) -> u64 {
        whole(self.get(name))
    }

    /// The counters of a metric by one of its labels, without those that are 0.
    pub fn counts(&self, name: &str, label: &str) -> BTreeMap<String, u64> {
        let counts = self.by(name, label).into_iter();
        let counts = counts.map(|(of, count)| (of, whole(count)));
        counts.filter(|(_, count)| *count > 0).collect()
    }

    /// The values of a metric by one of its labels, summed over the others.
    fn by(&self, name: &str, label: &str) -> BTreeMap<String, f64> {
        let mut by = BTreeMap::new();
        let start = format!("{name}{{");
        let mark = format!("{label}=\"");
        for (key, value) in self.0.range(start.clone()..) {
            let Some(labels) = key.strip_prefix(&start) else {
                break;
            };
            let of = labels
                .split_once(&mark)
                .and_then(|(_, rest)| rest.split_once('"'));
            if let Some((of, _)) = of {
                *by.entry(of.to_owned()).or_default() += value;
            }
        }
        by
    }

    /// What was added since an earlier look.
    pub fn since(&self, before: &Self) -> Self {
        let difference = |(name, value): (&String, &f64)| (name.clone(), value - before.get(name));
        Self(self.0.iter().map(difference).collect())
    }

    /// The bound, in seconds, below which so large a share of a histogram lies; `None`: it is
    /// empty, or that is beyond its last bound.
    pub fn quantile(&self, histogram: &str, share: f64) -> Option<f64> {
        let buckets = self.by(&format!("{histogram}_bucket"), "le");
        let bounds = buckets
            .iter()
            .map(|(le, count)| (le.parse::<f64>(), *count));
        let mut bounds: Vec<(f64, f64)> =
            bounds.filter_map(|(le, n)| Some((le.ok()?, n))).collect();
        bounds.sort_by(|a, b| a.0.total_cmp(&b.0));
        let all = self.get(&format!("{histogram}_count"));
        let (bound, _) = bounds
            .iter()
            .find(|(_, count)| *count > 0.0 && *count >= all * share)?;
        bound.is_finite().then_some(*bound)
    }
}

/// A counter as a number; one that begins anew meanwhile is 0.
#[expect(clippy::cast_sign_loss, reason = "clamped")]
fn whole(value: f64) -> u64 {
    value.max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::Page;

    const TEXT: &str = "# HELP t_bucket How long.\n\
        t_bucket{le=\"0.001\"} 10\nt_bucket{le=\"0.02\"} 98\nt_bucket{le=\"0.1\"} 100\n\
        t_bucket{le=\"+Inf\"} 101\nt_sum 1.5\nt_count 101\n\
        d{source=\"a b\",reason=\"x\"} 2\nd{source=\"c\",reason=\"x\"} 3\nd{source=\"c\",reason=\"y\"} 1\n";

    #[test]
    fn sums_and_differences() {
        let page = Page::read(TEXT);
        assert_eq!(page.count("t_sum"), 1);
        let counts: Vec<_> = page.counts("d", "reason").into_iter().collect();
        assert_eq!(counts, [("x".to_owned(), 5), ("y".to_owned(), 1)]);
        assert_eq!(page.since(&page).count("t_count"), 0);
    }

    #[test]
    fn quantiles_are_bounds() {
        let page = Page::read(TEXT);
        assert_eq!(page.quantile("t", 0.05), Some(0.001));
        assert_eq!(page.quantile("t", 0.5), Some(0.02));
        assert_eq!(page.quantile("t", 0.99), Some(0.1));
        assert_eq!(page.quantile("t", 1.0), None);
        assert_eq!(page.since(&page).quantile("t", 0.5), None);
        assert_eq!(page.quantile("u", 0.5), None);
    }
}
