//! Reads keys out of a tree of settings and collects everything that is wrong with them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::ops::RangeInclusive;

use secrecy::SecretString;
use toml::{Table, Value};

use super::SettingsError;
use super::secret::Where;

/// What a setting's variable begins with.
const PREFIX: &str = "HUIYIN__";

/// All settings as they were written.
#[derive(Default)]
pub(super) struct Tree {
    table: Table,
    // which of them the environment gave: (section, key) -> variable
    variables: BTreeMap<(String, String), String>,
    // whether secrets may be written out
    written_out: bool,
    problems: Vec<String>,
}

/// One section while it is read.
pub(super) struct Section {
    name: &'static str,
    table: Table,
    variables: BTreeMap<String, String>,
    secrets: Where,
    asked: Vec<&'static str>,
    problems: Vec<String>,
}

impl Tree {
    /// Reads a text.
    pub(super) fn parse(text: &str, origin: &str) -> Result<Self, SettingsError> {
        let table = text.parse::<Table>().map_err(|error| {
            let before = error
                .span()
                .and_then(|span| text.get(..span.start))
                .unwrap_or_default();
            SettingsError::NotToml {
                origin: origin.to_owned(),
                line: before.matches('\n').count() + 1,
                error: error.message().to_owned(),
            }
        })?;
        Ok(Self {
            table,
            ..Self::default()
        })
    }

    /// Lays the environment above; empty variables count as not set.
    pub(super) fn overlaid(
        mut self,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Self {
        for (name, value) in variables {
            let Some(name) = name.to_str().map(str::to_owned) else {
                continue;
            };
            let Some(path) = name.strip_prefix(PREFIX) else {
                continue;
            };
            let Some(value) = value.to_str().filter(|value| !value.is_empty()) else {
                continue;
            };
            let value = Value::String(value.to_owned());
            let path = path.to_lowercase();
            let (section, key) = path.split_once("__").unwrap_or(("", &path));
            self.variables
                .insert((section.to_owned(), key.to_owned()), name.clone());
            if section.is_empty() {
                self.table.insert(key.to_owned(), value);
                continue;
            }
            let place = self
                .table
                .entry(section)
                .or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(keys) = place {
                keys.insert(key.to_owned(), value);
            }
        }
        self
    }

    /// Lets secrets be written out in the sections that are taken from now on.
    pub(super) fn let_secrets_be_written_out(&mut self) {
        self.written_out = true;
    }

    /// Whether a section was written.
    pub(super) fn has(&self, section: &str) -> bool {
        self.table.contains_key(section)
    }

    /// Takes a section out; an absent one is empty.
    pub(super) fn section(&mut self, name: &'static str) -> Section {
        let table = match self.table.remove(name) {
            Some(Value::Table(table)) => table,
            Some(_) => {
                self.problems
                    .push(format!("[{name}] is a single value, a section is wanted"));
                Table::new()
            }
            None => Table::new(),
        };
        Section {
            name,
            table,
            variables: self.variables_of(name),
            secrets: Where::of_this_process(self.written_out),
            asked: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Takes what stands above all sections out.
    pub(super) fn top(&mut self) -> Section {
        let mut table = Table::new();
        let keys: Vec<String> = self
            .table
            .iter()
            .filter(|(_, value)| !value.is_table())
            .map(|(key, _)| key.clone())
            .collect();
        for key in keys {
            if let Some(value) = self.table.remove(&key) {
                table.insert(key, value);
            }
        }
        Section {
            name: "",
            table,
            variables: self.variables_of(""),
            secrets: Where::of_this_process(self.written_out),
            asked: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Ends a section: what was not asked for is unknown.
    pub(super) fn close(&mut self, section: Section) {
        let Section {
            name,
            table,
            variables,
            asked,
            problems,
            ..
        } = section;
        self.problems.extend(problems);
        for key in table.keys() {
            let place = place(name, key, &variables);
            self.problems.push(format!(
                "{place} is unknown; allowed here: {}",
                asked.join(", ")
            ));
        }
    }

    /// A problem that no section has by itself.
    pub(super) fn refuse(&mut self, words: String) {
        self.problems.push(words);
    }

    /// Ends the tree: what was not taken out is unknown.
    pub(super) fn finish(mut self, sections: &[&str]) -> Result<(), SettingsError> {
        for name in self.table.keys() {
            self.problems.push(format!(
                "[{name}] is unknown; allowed sections: {}",
                sections.join(", ")
            ));
        }
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(SettingsError::Wrong(self.problems))
        }
    }

    fn variables_of(&self, section: &str) -> BTreeMap<String, String> {
        let of_section = self
            .variables
            .iter()
            .filter(|((name, _), _)| name == section);
        of_section
            .map(|((_, key), variable)| (key.clone(), variable.clone()))
            .collect()
    }
}

impl Section {
    /// A text, if it is there.
    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        self.asked.push(key);
        match self.table.remove(key)? {
            Value::String(text) => Some(text),
            Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Array(_)
            | Value::Table(_) => self.refuse(key, "must be a text in quotes"),
        }
    }

    /// A secret, if it is there, from where it is named. Its value is in no message.
    pub(super) fn secret(
        &mut self,
        key: &'static str,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Option<SecretString> {
        let given = self.text(key)?;
        let text = match self.secrets.secret(&given) {
            Ok(text) => text,
            Err(words) => return self.refuse(key, &words),
        };
        match check(&text) {
            Ok(()) => Some(SecretString::from(text)),
            Err(words) => self.refuse(key, &words),
        }
    }

    /// A value that is written as a text, if it is there; `words` says what is wanted.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Option<T>,
        words: &str,
    ) -> Option<T> {
        let text = self.text(key)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            self.refuse(key, words)
        } else {
            parsed
        }
    }

    /// A whole number within bounds; `default` when it is not there.
    pub(super) fn whole(
        &mut self,
        key: &'static str,
        default: u32,
        bounds: RangeInclusive<u32>,
    ) -> u32 {
        let given = self.number(key, |value| match value {
            Value::Integer(number) => u32::try_from(*number).ok(),
            Value::String(text) => text.parse().ok(),
            Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Array(_)
            | Value::Table(_) => None,
        });
        self.bounded(key, given, default, &bounds)
    }

    /// A number within bounds; `default` when it is not there.
    pub(super) fn share(
        &mut self,
        key: &'static str,
        default: f64,
        bounds: RangeInclusive<f64>,
    ) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a whole number that is too large is refused anyway"
        )]
        let given = self.number(key, |value| match value {
            Value::Float(number) => Some(*number),
            Value::Integer(number) => Some(*number as f64),
            Value::String(text) => text.parse().ok(),
            Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
        });
        self.bounded(key, given, default, &bounds)
    }

    /// Notes that a required key is missing.
    pub(super) fn missing(&mut self, key: &'static str) {
        let place = place(self.name, key, &self.variables);
        // a value that was refused is there, only wrong
        if !self
            .problems
            .iter()
            .any(|problem| problem.starts_with(&place))
        {
            self.problems.push(format!("{place} is missing"));
        }
    }

    /// Notes what is wrong with a key.
    pub(super) fn refuse<T>(&mut self, key: &str, words: &str) -> Option<T> {
        self.problems.push(format!(
            "{} {words}",
            place(self.name, key, &self.variables)
        ));
        None
    }

    /// `None` when the key is absent, `Some(None)` when it is no number.
    fn number<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Option<Option<T>> {
        self.asked.push(key);
        self.table.remove(key).map(|value| read(&value))
    }

    fn bounded<T: PartialOrd + fmt::Display>(
        &mut self,
        key: &str,
        given: Option<Option<T>>,
        default: T,
        bounds: &RangeInclusive<T>,
    ) -> T {
        match given {
            None => default,
            Some(Some(number)) if bounds.contains(&number) => number,
            Some(Some(_) | None) => {
                let words = format!(
                    "must be a number from {} to {}",
                    bounds.start(),
                    bounds.end()
                );
                self.refuse::<T>(key, &words);
                default
            }
        }
    }
}

/// Where a key stands, as a reader finds it.
fn place(section: &str, key: &str, variables: &BTreeMap<String, String>) -> String {
    let place = if section.is_empty() {
        key.to_owned()
    } else {
        format!("[{section}] {key}")
    };
    match variables.get(key) {
        Some(variable) => format!("{place} (from {variable})"),
        None => place,
    }
}
