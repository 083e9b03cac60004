//! What was told that must not be told, as somebody can read it.

use std::fmt;

use super::contract::CONTRACT;
use crate::common::calling::Method;

/// Lines of the two answers that differ which are shown at most.
const LINES: usize = 12;

/// One question that was answered otherwise because there are denunciations.
#[derive(Clone, Debug)]
pub struct Leak {
    pub seed: u64,
    /// After how many cases of its run it was found.
    pub case: usize,
    pub reader: String,
    pub action: String,
    pub request: String,
    /// What had happened last.
    pub act: String,
    pub without: String,
    pub with: String,
}

impl Leak {
    pub fn request(method: &Method, message: &[u8]) -> String {
        let name = format!(".huiyin.{}.v1.{}", method.package, method.request.name());
        CONTRACT.text(&name, message)
    }
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "LEAK, seed {}, case {}", self.seed, self.case)?;
        writeln!(f, "reader   {}", self.reader)?;
        writeln!(f, "asked    {}", self.action)?;
        for line in self.request.lines() {
            writeln!(f, "           {line}")?;
        }
        writeln!(f, "after    {}", self.act)?;
        let (without, with): (Vec<&str>, Vec<&str>) =
            (self.without.lines().collect(), self.with.lines().collect());
        writeln!(
            f,
            "answered {} lines without denunciations, {} with them",
            without.len(),
            with.len()
        )?;
        let differs = |place: &usize| without.get(*place) != with.get(*place);
        for place in (0..without.len().max(with.len()))
            .filter(differs)
            .take(LINES)
        {
            writeln!(
                f,
                "  without: {}",
                without.get(place).unwrap_or(&"(nothing)")
            )?;
            writeln!(f, "  with:    {}", with.get(place).unwrap_or(&"(nothing)"))?;
        }
        Ok(())
    }
}
