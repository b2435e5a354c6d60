//! JSON, gone over without being understood.

use memchr::memchr2;

/// Stands in a JSON text. Where a step answers `None` the text is no JSON; that it answers otherwise says little.
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) fn before(&self) -> &'a str {
        self.text.get(..self.at).unwrap_or_default()
    }

    pub(crate) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(crate) fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Goes over this byte and spaces before it.
    pub(crate) fn expect(&mut self, byte: u8) -> Option<()> {
        self.skip_space();
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Goes over so many bytes.
    pub(crate) fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Goes over the items of a list that has begun, up to before the bracket that ends it.
    pub(crate) fn items(&mut self, mut each: impl FnMut(&'a str)) -> Option<()> {
        self.items_by(Self::value, &mut each)
    }

    /// The same, where `item` goes over an item.
    pub(crate) fn items_by(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Option<&'a str>,
        mut each: impl FnMut(&'a str),
    ) -> Option<()> {
        self.skip_space();
        if self.peek()? == b']' {
            return Some(());
        }
        loop {
            each(item(self)?);
            self.skip_space();
            if self.peek()? == b']' {
                return Some(());
            }
            self.expect(b',')?;
            self.skip_space();
        }
    }

    /// Goes over a value that starts here: what is between balanced brackets, or a string, or a number or a name.
    /// `None` if there is none, or if it has no end.
    pub(crate) fn value(&mut self) -> Option<&'a str> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut at = start;
        let mut depth = 0_usize;
        loop {
            match *bytes.get(at)? {
                b'"' => at = after_string(bytes, at)?,
                b'{' | b'[' => (depth, at) = (depth + 1, at + 1),
                b'}' | b']' if depth > 0 => (depth, at) = (depth - 1, at + 1),
                _ if depth > 0 => at += 1,
                _ => {
                    self.word()?;
                    at = self.at;
                }
            }
            if depth == 0 {
                self.at = at;
                return self.text.get(start..at);
            }
        }
    }

    /// Goes over what can stand in a number or a name.
    fn word(&mut self) -> Option<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'+' | b'-' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z')) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }
}

/// Where the string ends that begins here.
fn after_string(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes.get(at) == Some(&b'"') {
            return Some(at + 1);
        }
        // The character after a backslash is not looked at.
        at += 2;
    }
}
