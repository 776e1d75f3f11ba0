//! The sources as the rules see them: their code without comments, texts and tests.

use std::fs;
use std::path::Path;

/// One file of Rust.
pub(super) struct Source {
    /// From the root of the repository: `src/keys/mod.rs`.
    pub(super) path: String,
    /// As it is.
    pub(super) text: String,
    /// Comments are blanks, the insides of literals underscores, test modules gone. The lines are
    /// those of the text.
    pub(super) code: String,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let code = without_tests(&without_words(text));
        Self { path: path.to_owned(), text: text.to_owned(), code }
    }

    /// The room that the file belongs to; nothing for the binaries and the map.
    pub(super) fn room(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        let first = inside.split('/').next()?;
        let room = first.strip_suffix(".rs").unwrap_or(first);
        (!matches!(room, "main" | "lib" | "bin" | "banner")).then_some(room)
    }

    pub(super) fn is_test(&self) -> bool {
        self.path.starts_with("tests/") || self.path.ends_with("/tests.rs")
    }

    /// Lines of code: without blanks, comments and tests.
    pub(super) fn code_lines(&self) -> usize {
        self.code.lines().filter(|line| !line.trim().is_empty()).count()
    }

    /// `path:line` of every place where the code holds this text.
    pub(super) fn places(&self, needle: &str) -> Vec<String> {
        let holds = |(number, line): (usize, &str)| {
            line.contains(needle).then(|| format!("{}:{}: {needle}", self.path, number + 1))
        };
        self.code.lines().enumerate().filter_map(holds).collect()
    }

    /// Every function with a body: its name and its lines of code.
    pub(super) fn functions(&self) -> Vec<(String, usize)> {
        let starts = self.code.match_indices("fn ").filter(|(at, _)| {
            let before = self.code[..*at].chars().next_back();
            before.is_none_or(|c| !is_word(c))
        });
        let function = |(at, _): (usize, &str)| {
            let rest = &self.code[at..];
            let name: String = rest[3..].chars().take_while(|c| is_word(*c)).collect();
            let body = rest.find('{')?;
            let bodiless = bodiless_end(rest).is_some_and(|end| end < body);
            if name.is_empty() || bodiless {
                return None;
            }
            let length = body + closing(&rest[body..])?;
            let lines = rest[..length].lines().filter(|line| !line.trim().is_empty()).count();
            Some((name, lines))
        };
        starts.filter_map(function).collect()
    }
}

/// All Rust files under a folder of the repository.
pub(super) fn sources(folder: &str) -> Vec<Source> {
    let paths = files(folder, &|name| kind(name) == "rs");
    paths.iter().map(|path| Source::new(path, &read(path))).collect()
}

/// The files under a folder whose names are wanted, in order.
pub(super) fn files(folder: &str, wanted: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = if folder == "." { name.clone() } else { format!("{folder}/{name}") };
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&path, wanted));
        } else if wanted(&name) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// What stands behind the last dot of a name.
pub(super) fn kind(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, kind)| kind)
}

pub(super) fn read(path: &str) -> String {
    let bytes = fs::read(root().join(path)).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where a declaration without a body ends: a semicolon that is not inside brackets.
fn bodiless_end(code: &str) -> Option<usize> {
    let mut depth = 0_i32;
    code.char_indices().find_map(|(at, c)| {
        depth += i32::from(matches!(c, '(' | '[')) - i32::from(matches!(c, ')' | ']'));
        (c == ';' && depth == 0).then_some(at)
    })
}

/// The length of a text that begins with a brace, up to the one that closes it.
fn closing(code: &str) -> Option<usize> {
    let mut depth = 0_i32;
    code.char_indices().find_map(|(at, c)| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        (c == '}' && depth == 0).then_some(at + 1)
    })
}

/// The same lines with comments blank and the insides of literals underscored.
fn without_words(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let (length, fill) = span(&chars[at..], at.checked_sub(1).map(|before| chars[before]));
        for c in &chars[at..at + length] {
            code.push(match fill {
                Some(fill) if *c != '\n' => fill,
                _ => *c,
            });
        }
        at += length;
    }
    code
}

/// What stands at the beginning: how long it is, and what it is filled with if it is not code.
fn span(rest: &[char], before: Option<char>) -> (usize, Option<char>) {
    let starts = |text: &str| text.chars().enumerate().all(|(i, c)| rest.get(i) == Some(&c));
    let in_word = before.is_some_and(is_word);
    if starts("//") {
        return (rest.iter().take_while(|c| **c != '\n').count(), Some(' '));
    }
    if starts("/*") {
        let end = rest.windows(2).position(|pair| pair == ['*', '/']);
        return (end.map_or(rest.len(), |end| end + 2), Some(' '));
    }
    let raw = rest.iter().skip(1).take_while(|c| **c == '#').count();
    if rest[0] == 'r' && rest.get(raw + 1) == Some(&'"') && (!in_word || before == Some('b')) {
        let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', raw)).collect();
        let body = &rest[raw + 2..];
        let end = body.windows(raw + 1).position(|window| window == close);
        return (end.map_or(rest.len(), |end| raw + 2 + end + raw + 1), Some('_'));
    }
    if rest[0] == '"' {
        return (quoted(rest), Some('_'));
    }
    // A lifetime has no second quote.
    if starts("'\\") || (rest[0] == '\'' && rest.get(2) == Some(&'\'')) {
        let length = if rest[1] == '\\' { quoted(rest) } else { 3 };
        return (length, Some('_'));
    }
    (1, None)
}

/// The length of a literal with its quotes.
fn quoted(rest: &[char]) -> usize {
    let mut escaped = false;
    let end = rest.iter().skip(1).position(|c| {
        let ends = *c == rest[0] && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    });
    end.map_or(rest.len(), |end| end + 2)
}

/// The same lines without what only tests are compiled with.
fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let Some(start) = code.find(MARK) else { return code.to_owned() };
    let item = &code[start..];
    let body = item.find('{').unwrap_or(item.len());
    let length = match bodiless_end(&item[MARK.len()..]).map(|end| end + MARK.len() + 1) {
        Some(end) if end < body => end,
        _ => body + item.get(body..).and_then(closing).unwrap_or(0),
    };
    let gone: String = item[..length].chars().filter(|c| *c == '\n').collect();
    let rest = without_tests(&item[length..]);
    format!("{}{gone}{rest}", &code[..start])
}

#[test]
fn code_is_told_from_words() {
    let check = |text: &str, expected: &str| {
        assert_eq!(Source::new("src/a.rs", text).code, expected, "{text}");
    };
    check("a // b\nc", "a     \nc");
    check("a /* b\n */ c", "a     \n    c");
    check(r#"f("x\"y", 'z', '\'', b'\n')"#, "f(______, ___, ____, b____)");
    check("r#\"a\"b\"# + \"\"", "________ + __");
    check("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)");
    check("a\n#[cfg(test)]\nmod tests {\n{}}\nb", "a\n\n\n\nb");
    check("#[cfg(test)]\nuse x;\nb", "\n\nb");
    check("let r = \"//\"; // \"", "let r = ____;     ");
}

#[test]
fn functions_are_measured() {
    let text = "fn a() -> [u8; 2] {\n\n    // why\n    b\n}\ntrait T { fn c(&self); fn d() {} }\n";
    let found = Source::new("src/a.rs", text).functions();
    assert_eq!(found, [("a".to_owned(), 3), ("d".to_owned(), 1)]);
}
