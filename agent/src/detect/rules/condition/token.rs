//! From text to tokens.

use super::{ConditionError, Operator};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    Number(f64),
    Name(&'a str),
    Operator(Operator),
    Not,
    Open,
    Close,
}

impl Token<'_> {
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Number(number) => format!("the number {number}"),
            Self::Name(name) => format!("the name `{name}`"),
            Self::Operator(_) => "an operator".to_owned(),
            Self::Not => "`!`".to_owned(),
            Self::Open => "`(`".to_owned(),
            Self::Close => "`)`".to_owned(),
        }
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '.'
}

pub(super) fn all(text: &str) -> Result<Vec<(usize, Token<'_>)>, ConditionError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut column = 1;
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            ' ' | '\t' | '\n' | '\r' => {
                rest = rest.get(1..).unwrap_or_default();
                column += 1;
                continue;
            }
            c if is_name(c) => {
                let word = rest.split(|c| !is_name(c)).next().unwrap_or_default();
                let token = if c.is_ascii_digit() || c == '.' {
                    let problem =
                        || format!("`{word}` is neither a number nor a name; names begin with a letter");
                    let number = word.parse().map_err(|_| ConditionError { column, problem: problem() })?;
                    Token::Number(number)
                } else {
                    Token::Name(word)
                };
                (token, word.len())
            }
            _ => symbol(rest).ok_or_else(|| ConditionError {
                column,
                problem: format!(
                    "`{}` is not part of a condition; there are > >= < <= == != && || ! + - * / % ( )",
                    first.escape_debug()
                ),
            })?,
        };
        tokens.push((column, token));
        column += length;
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(tokens)
}

fn symbol(text: &str) -> Option<(Token<'static>, usize)> {
    // The longer first.
    const SYMBOLS: &[(&str, Token<'static>)] = &[
        ("&&", Token::Operator(Operator::And)),
        ("||", Token::Operator(Operator::Or)),
        (">=", Token::Operator(Operator::GreaterEqual)),
        ("<=", Token::Operator(Operator::LessEqual)),
        ("==", Token::Operator(Operator::Equal)),
        ("!=", Token::Operator(Operator::Unequal)),
        (">", Token::Operator(Operator::Greater)),
        ("<", Token::Operator(Operator::Less)),
        ("=", Token::Operator(Operator::Equal)),
        ("+", Token::Operator(Operator::Add)),
        ("-", Token::Operator(Operator::Subtract)),
        ("*", Token::Operator(Operator::Multiply)),
        ("/", Token::Operator(Operator::Divide)),
        ("%", Token::Operator(Operator::Remainder)),
        ("!", Token::Not),
        ("(", Token::Open),
        (")", Token::Close),
    ];
    let (symbol, token) = SYMBOLS.iter().find(|(symbol, _)| text.starts_with(symbol))?;
    Some((token.clone(), symbol.len()))
}
