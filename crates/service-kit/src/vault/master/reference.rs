//! Where a master key lies, as the settings name it: a URI that holds no secret.

use std::path::PathBuf;
use std::str::FromStr;

/// What must be percent-encoded nowhere (RFC 3986, unreserved).
const UNRESERVED: &str = "-._~";
/// What may stand beside it in a value before the question mark, and after it (RFC 7512).
const IN_PATH: &str = ":[]@!$'()*+,=&";
const IN_QUERY: &str = ":[]@!$'()*+,=/?|";
/// What may stand beside it in the path of a file (RFC 3986).
const IN_FILE: &str = ":@!$&'()*+,;=/";

/// Where a master key lies: `file:/folder` or `pkcs11:token=...;object=...?module-path=...&pin-source=...` (RFC 7512).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyReference {
    /// A folder of key files.
    Folder(PathBuf),
    /// Keys in a token.
    Token(TokenKey),
}

/// Keys in the token of a PKCS#11 module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenKey {
    /// The label of the token.
    pub token: String,
    /// Its serial number, where several tokens have one label.
    pub serial: Option<String>,
    /// The label of the keys; their ids are their versions.
    pub object: String,
    /// The library that speaks with the token.
    pub module: PathBuf,
    /// Where the PIN lies.
    pub pin: PinSource,
}

/// Where a PIN lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PinSource {
    /// In a file that others than its owner and group cannot read.
    File(PathBuf),
    /// In a variable of the environment.
    Variable(String),
}

/// Why a reference is none. No value is repeated: one may hold what should not stand there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part} {wrong}")]
pub struct InvalidReference {
    /// The part at fault.
    pub part: String,
    /// What is wrong with it.
    pub wrong: &'static str,
}

impl FromStr for KeyReference {
    type Err = InvalidReference;

    fn from_str(given: &str) -> Result<Self, InvalidReference> {
        if let Some(path) = given.strip_prefix("file:") {
            return folder("the path", path).map(Self::Folder);
        }
        let Some(rest) = given.strip_prefix("pkcs11:") else {
            return Err(invalid("the scheme", "is neither file: nor pkcs11:"));
        };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut path = Attributes::parse(path, ';', IN_PATH)?;
        let mut query = Attributes::parse(query, '&', IN_QUERY)?;
        let key = TokenKey {
            token: path.needed("token")?,
            serial: path.take("serial"),
            object: path.needed("object")?,
            module: absolute("module-path", query.needed("module-path")?)?,
            pin: pin_source(&query.needed("pin-source")?)?,
        };
        if path.take("type").is_some_and(|kind| kind != "secret-key") {
            return Err(invalid("type", "is not secret-key"));
        }
        path.finish()?;
        query.finish()?;
        Ok(Self::Token(key))
    }
}

/// Attributes that nobody has asked for yet.
struct Attributes(Vec<(String, String)>);

impl Attributes {
    fn parse(text: &str, between: char, available: &str) -> Result<Self, InvalidReference> {
        let mut attributes = Self(Vec::new());
        if text.is_empty() {
            return Ok(attributes);
        }
        for attribute in text.split(between) {
            let Some((name, value)) = attribute.split_once('=') else {
                return Err(invalid("an attribute", "has no value"));
            };
            if !name
                .bytes()
                .all(|letter| letter.is_ascii_alphanumeric() || b"-_".contains(&letter))
            {
                return Err(invalid(
                    "an attribute's name",
                    "holds other than letters, digits, - and _",
                ));
            }
            if name == "pin-value" {
                return Err(invalid(
                    name,
                    "must not stand here: name where the PIN lies by pin-source",
                ));
            }
            if attributes.0.iter().any(|(known, _)| known == name) {
                return Err(invalid(name, "stands here twice"));
            }
            let value = decoded(name, value, available)?;
            attributes.0.push((name.to_owned(), value));
        }
        Ok(attributes)
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let place = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.swap_remove(place).1)
    }

    fn needed(&mut self, name: &str) -> Result<String, InvalidReference> {
        match self.take(name) {
            Some(value) if value.is_empty() => Err(invalid(name, "is empty")),
            Some(value) => Ok(value),
            None => Err(invalid(name, "is missing")),
        }
    }

    fn finish(self) -> Result<(), InvalidReference> {
        match self.0.into_iter().next() {
            None => Ok(()),
            Some((name, _)) => Err(invalid(name, "is not known here")),
        }
    }
}

fn pin_source(value: &str) -> Result<PinSource, InvalidReference> {
    if let Some(path) = value.strip_prefix("file:") {
        return absolute("pin-source", path.to_owned()).map(PinSource::File);
    }
    let Some(name) = value.strip_prefix("env:") else {
        return Err(invalid("pin-source", "is neither file:/path nor env:NAME"));
    };
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if name.is_empty() || !name.chars().all(fits) {
        return Err(invalid("pin-source", "names no variable"));
    }
    Ok(PinSource::Variable(name.to_owned()))
}

/// The folder of `file:/folder` or `file:///folder`.
fn folder(part: &str, path: &str) -> Result<PathBuf, InvalidReference> {
    let path = match path.strip_prefix("//") {
        Some(path) if path.starts_with('/') => path,
        Some(_) => return Err(invalid(part, "names another machine")),
        None => path,
    };
    let path = decoded(part, path, IN_FILE)?;
    absolute(part, path)
}

fn absolute(part: &str, path: String) -> Result<PathBuf, InvalidReference> {
    if path.starts_with('/') {
        Ok(PathBuf::from(path))
    } else {
        Err(invalid(part, "is no absolute path"))
    }
}

/// A value without its percent signs.
fn decoded(part: &str, value: &str, available: &str) -> Result<String, InvalidReference> {
    let mut decoded = Vec::with_capacity(value.len());
    let mut rest = value.chars();
    while let Some(letter) = rest.next() {
        if letter == '%' {
            let digits: String = rest.by_ref().take(2).collect();
            let byte = hex::decode(&digits).ok().filter(|bytes| bytes.len() == 1);
            let byte =
                byte.ok_or_else(|| invalid(part, "has a % without two hexadecimal digits"))?;
            decoded.extend(byte);
        } else if letter.is_ascii_alphanumeric()
            || UNRESERVED.contains(letter)
            || available.contains(letter)
        {
            decoded.extend(letter.to_string().bytes());
        } else {
            return Err(invalid(
                part,
                "holds a character that must be percent-encoded",
            ));
        }
    }
    let text = String::from_utf8(decoded).map_err(|_| invalid(part, "is not UTF-8"))?;
    if text.chars().any(char::is_control) {
        return Err(invalid(part, "holds a control character"));
    }
    Ok(text)
}

fn invalid(part: impl Into<String>, wrong: &'static str) -> InvalidReference {
    let part = part.into();
    InvalidReference { part, wrong }
}
