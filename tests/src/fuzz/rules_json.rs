//! A rule file: read, compiled, and used.

use picket::rules::{
    self,
    program::{
        compile::compile_lenient,
        model::Program,
        run::{Facts, Scratch},
    },
};

use super::rules_judge::request;

/// The reader takes the bytes or says why not; what it takes compiles or says why not; what compiles
/// judges.
pub fn run(data: &[u8]) {
    let strict = rules::inapp::read(data, "fuzz.json");
    if let Err(error) = &strict {
        assert!(error.line > 0 && error.column > 0 && !error.problem.is_empty(), "{error}");
    }
    let Ok(read) = rules::inapp::read_lenient(data, "fuzz.json") else {
        assert!(strict.is_err(), "what reads strictly reads leniently");
        return;
    };
    if let Ok(strict) = strict {
        assert_eq!(strict.file, read.file, "nothing is left out of what is right");
    }
    let Ok(resolved) = rules::inapp::resolve_lenient([read.file]) else { return };
    let no_files = |_: &_, _: &str| Err("no files".to_owned());
    let Ok((engine, _)) = compile_lenient(&Program::default(), &resolved.set, &no_files) else { return };
    let request = request(
        b"POST /a/..%2fb?id=1'+OR+1=1&x=<script> HTTP/1.1\r\nUser-Agent: sqlmap\r\nCookie: a=b\r\n\
          Content-Type: application/json\r\n\r\n{\"user\": {\"name\": \"${jndi:ldap://x}\", \"n\": [1, null]}}",
    );
    let facts = Facts::of_client([192, 0, 2, 1].into(), 0);
    let matches = engine.judge(&request, None, &facts, &mut Scratch::default()).in_app;
    assert!(matches.len() <= engine.rules(), "a rule matched twice");
}
