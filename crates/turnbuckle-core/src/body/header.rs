//! A header value with parameters: `form-data; name="email"`.

/// A header value, split. Reading never fails: what is not understood is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// What stands before the first `;`, in lower case.
    pub value: String,
    /// Names in lower case, values without their quotes.
    parameters: Vec<(String, String)>,
}

impl Header {
    pub fn parse(text: &str) -> Self {
        let (value, mut rest) = text.split_once(';').unwrap_or((text, ""));
        let mut parameters = Vec::new();
        while let Some((name, after)) = rest.split_once('=') {
            // A parameter without a value may stand before the name.
            let name = name.rsplit(';').next().unwrap_or_default();
            let (value, after) = read_value(after.trim_start());
            parameters.push((name.trim().to_ascii_lowercase(), value));
            rest = after.split_once(';').map_or("", |(_, rest)| rest);
        }
        Self { value: value.trim().to_ascii_lowercase(), parameters }
    }

    /// The value of a parameter; also of `name*=utf-8''…` (RFC 8187), which
    /// some senders write for names outside ASCII.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let find = |wanted: &str| {
            self.parameters.iter().find(|(name, _)| name == wanted).map(|(_, value)| value)
        };
        let extended = || {
            let (_, encoded) = find(&format!("{name}*"))?.split_once('\'')?;
            String::from_utf8(percent_decoded(encoded.split_once('\'')?.1.as_bytes())).ok()
        };
        extended().or_else(|| find(name).cloned())
    }
}

/// Reads a quoted or bare value; returns it and what follows.
///
/// A backslash counts as an escape only before a quote or a backslash: old
/// browsers send whole Windows paths as file names, unescaped.
fn read_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        return (text[..end].trim().to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match (letter, letters.peek()) {
            ('\\', Some((_, escaped @ ('"' | '\\')))) => {
                value.push(*escaped);
                letters.next();
            }
            ('"', _) => return (value, &quoted[at + 1..]),
            _ => value.push(letter),
        }
    }
    (value, "")
}

/// The bytes that `%41` stands for; a stray `%` stands for itself.
pub(super) fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        let code = code.filter(|code| code.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}
