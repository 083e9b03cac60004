//! Secrets that are named, not written: `file:/path` or `env:NAME`.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Bytes of the longest secret that is read from a file.
const LONGEST: u64 = 64 * 1024;
/// What nobody may do with a file but its owner, and its group no more than read: a cluster hands files to the group of a process.
const OTHERS: u32 = 0o037;

/// Where secrets are found.
#[derive(Clone, Copy)]
pub(super) struct Where {
    /// Whether a secret may be written out; only the development profile lets it.
    pub(super) written_out: bool,
    /// What a variable of the environment holds.
    pub(super) variable: fn(&str) -> Option<String>,
}

impl Where {
    /// The environment of this process.
    pub(super) fn of_this_process(written_out: bool) -> Self {
        Self {
            written_out,
            variable: |name| std::env::var(name).ok(),
        }
    }

    /// The secret itself.
    ///
    /// # Errors
    /// What is wrong with its name, in words that hold no secret.
    pub(super) fn secret(self, given: &str) -> Result<String, String> {
        if let Some(path) = given.strip_prefix("file:") {
            return of_file(Path::new(path));
        }
        if let Some(name) = given.strip_prefix("env:") {
            return self.of_variable(name);
        }
        if self.written_out {
            return Ok(given.to_owned());
        }
        Err(
            "is written out: in the production profile a secret is named, by file:/path or env:NAME"
                .to_owned(),
        )
    }

    fn of_variable(self, name: &str) -> Result<String, String> {
        let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        // what is no name may be the secret itself, and is not repeated
        if name.is_empty() || !name.bytes().all(allowed) {
            return Err("must name a variable by capital letters, digits and _".to_owned());
        }
        (self.variable)(name)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| format!("names the variable {name}, which is not set"))
    }
}

/// The text of a file that only its owner and its group may read, without the line's end after it.
fn of_file(path: &Path) -> Result<String, String> {
    let shown = path.display();
    if !path.is_absolute() {
        return Err("must name a file by its whole path, from /".to_owned());
    }
    let unreadable = |error| format!("names the file {shown}, which cannot be read: {error}");
    let file = File::open(path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    if !about.is_file() {
        return Err(format!("names {shown}, which is no file"));
    }
    let mode = about.permissions().mode() & 0o777;
    if mode & OTHERS != 0 {
        return Err(format!(
            "names the file {shown}, which others than its owner and its group may read, or others than its owner change (mode {mode:03o}): chmod 600"
        ));
    }
    let mut text = String::new();
    file.take(LONGEST + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if text.len() as u64 > LONGEST {
        return Err(format!("names the file {shown}, which is too long"));
    }
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;

    const NAMED: Where = Where {
        written_out: false,
        variable: |name| (name == "HUIYIN_TEST_SECRET").then(|| "hunter2".to_owned()),
    };

    fn file(text: &str, mode: u32) -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let named = format!("file:{}", path.display());
        (folder, named)
    }

    #[test]
    fn a_secret_is_read_from_the_file_or_the_variable_it_is_named_by() {
        for (text, mode) in [
            ("hunter2", 0o600),
            ("hunter2\n", 0o400),
            ("hunter2\n", 0o440),
            ("hunter2\r\n", 0o600),
        ] {
            let (_folder, named) = file(text, mode);
            assert_eq!(NAMED.secret(&named), Ok("hunter2".to_owned()));
        }
        assert_eq!(
            NAMED.secret("env:HUIYIN_TEST_SECRET"),
            Ok("hunter2".to_owned())
        );
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        for mode in [0o604, 0o660, 0o644, 0o620, 0o650] {
            let (_folder, named) = file("hunter2", mode);
            let words = NAMED.secret(&named).unwrap_err();
            assert!(words.ends_with(&format!("(mode {mode:03o}): chmod 600")));
            assert!(!words.contains("hunter2"), "{words}");
        }
    }

    #[test]
    fn a_secret_that_is_written_out_is_for_development_alone() {
        let words = NAMED.secret("hunter2").unwrap_err();
        assert!(words.starts_with("is written out"), "{words}");
        assert!(!words.contains("hunter2"), "{words}");
        let development = Where {
            written_out: true,
            ..NAMED
        };
        assert_eq!(development.secret("hunter2"), Ok("hunter2".to_owned()));
    }

    #[test]
    fn a_name_that_leads_nowhere_is_refused_and_holds_no_secret() {
        let (folder, _) = file("", 0o600);
        let long = "x".repeat(70_000);
        let (_kept, long) = file(&long, 0o600);
        for (named, words) in [
            (
                "env:hunter2",
                "must name a variable by capital letters, digits and _",
            ),
            (
                "env:",
                "must name a variable by capital letters, digits and _",
            ),
            (
                "env:NOT_SET",
                "names the variable NOT_SET, which is not set",
            ),
            ("file:hunter2", "must name a file by its whole path, from /"),
        ] {
            assert_eq!(NAMED.secret(named), Err(words.to_owned()));
        }
        let nothing = NAMED.secret("file:/nowhere/at/all").unwrap_err();
        assert!(nothing.contains("which cannot be read"), "{nothing}");
        let folder = NAMED.secret(&format!("file:{}", folder.path().display()));
        assert!(folder.unwrap_err().ends_with("which is no file"));
        let long = NAMED.secret(&long).unwrap_err();
        assert!(long.ends_with("which is too long"), "{long}");
    }
}
