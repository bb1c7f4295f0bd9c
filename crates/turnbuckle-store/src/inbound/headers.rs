//! The headers of a webhook, as the log keeps them.

use std::borrow::Cow;

use serde::Deserialize;
use turnbuckle_core::source::Pair;

/// Names in lower case and values, in the order received. Held as the JSON text
/// that is stored, since most events are stored, mapped and forgotten without
/// anybody asking for a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headers(String);

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Default for Headers {
    fn default() -> Self {
        Self("[]".to_owned())
    }
}

impl Headers {
    pub fn new<T: AsRef<str>>(pairs: &[(T, T)]) -> Self {
        let pairs: Vec<_> =
            pairs.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
        Self(serde_json::to_string(&pairs).expect("texts always become JSON"))
    }

    /// Takes a text that [`Headers::as_json`] gave.
    ///
    /// # Errors
    /// If it is none.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str::<Vec<(Text<'_>, Text<'_>)>>(text)?;
        Ok(Self(text.to_owned()))
    }

    pub fn as_json(&self) -> &str {
        &self.0
    }

    pub fn pairs(&self) -> Vec<Pair<'_>> {
        let pairs: Vec<(Text<'_>, Text<'_>)> =
            serde_json::from_str(&self.0).expect("checked when it was made");
        pairs.into_iter().map(|(name, value)| (name.0, value.0)).collect()
    }

    /// The first value of this name, which is given in lower case.
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.pairs().into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_reads_back() {
        let headers = Headers::new(&[("via", "a"), ("x-text", "say \"é\"\n"), ("via", "b")]);
        assert_eq!(headers.get("via").as_deref(), Some("a"));
        assert_eq!(headers.get("x-text").as_deref(), Some("say \"é\"\n"));
        assert_eq!(headers.get("Via"), None);
        assert_eq!(headers.pairs().len(), 3);
        assert_eq!(Headers::from_json(headers.as_json()).unwrap(), headers);
        assert_eq!(Headers::default().pairs(), []);
        assert!(Headers::from_json("{}").is_err());
    }
}
