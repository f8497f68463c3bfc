//! E-mail: a mail server of its own.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, mpsc},
    thread,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    receiver::{Stream, server_config},
    *,
};

/// What a server says to the end of a mail.
type Verdict = fn(usize) -> &'static str;

/// A mail that was taken, or refused at its end.
#[derive(Clone, Debug)]
struct Mail {
    from: String,
    to: Vec<String>,
    login: Option<String>,
    tls: bool,
    text: String,
}

struct Server {
    port: u16,
    mails: Arc<Mutex<Vec<Mail>>>,
}

/// How a server protects its connections.
#[derive(Clone, Copy, PartialEq)]
enum Tls {
    None,
    Starttls,
    Whole,
}

impl Server {
    /// It runs until the test ends.
    fn start(tls: Tls, verdict: Verdict) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mails = Arc::new(Mutex::new(Vec::new()));
        let taken = Arc::clone(&mails);
        thread::spawn(move || {
            for socket in listener.incoming() {
                let (Ok(socket), taken) = (socket, Arc::clone(&taken)) else { continue };
                thread::spawn(move || talk(&socket, tls, verdict, &taken));
            }
        });
        Self { port, mails }
    }

    fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }
}

/// One conversation (RFC 5321).
fn talk(socket: &TcpStream, tls: Tls, verdict: Verdict, taken: &Mutex<Vec<Mail>>) -> Option<()> {
    let whole = |tls: bool| -> BufReader<Box<dyn Stream>> {
        let socket = socket.try_clone().expect("cloned");
        BufReader::new(receiver::stream(socket, tls.then(server_config)))
    };
    let mut secure = tls == Tls::Whole;
    let mut stream = whole(secure);
    let mut mail =
        Mail { from: String::new(), to: Vec::new(), login: None, tls: secure, text: String::new() };
    let say = |stream: &mut BufReader<Box<dyn Stream>>, text: &str| {
        stream.get_mut().write_all(format!("{text}\r\n").as_bytes()).ok()?;
        stream.get_mut().flush().ok()
    };
    say(&mut stream, "220 mail.example.org")?;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|&read| read > 0)?;
        let line = line.trim_end().to_owned();
        let word = line.split(' ').next()?.to_ascii_uppercase();
        match word.as_str() {
            "EHLO" => {
                let offer = if tls == Tls::Starttls && !secure { "250-STARTTLS\r\n" } else { "" };
                say(
                    &mut stream,
                    &format!("250-mail.example.org\r\n{offer}250-AUTH PLAIN LOGIN\r\n250 8BITMIME"),
                )?;
            }
            "STARTTLS" => {
                say(&mut stream, "220 go")?;
                secure = true;
                stream = whole(true);
            }
            "AUTH" => {
                let answer = STANDARD.decode(line.split(' ').nth(2)?).ok()?;
                let answer = String::from_utf8(answer).ok()?;
                if answer.ends_with("\0wrong") {
                    say(&mut stream, "535 5.7.8 no")?;
                } else {
                    mail.login = Some(answer.replace('\0', "|"));
                    say(&mut stream, "235 ok")?;
                }
            }
            "MAIL" => {
                mail.from.clone_from(&line);
                mail.to.clear();
                mail.tls = secure;
                say(&mut stream, "250 ok")?;
            }
            "RCPT" => {
                mail.to.push(line);
                say(&mut stream, "250 ok")?;
            }
            "DATA" => {
                say(&mut stream, "354 go on")?;
                mail.text.clear();
                loop {
                    let mut line = String::new();
                    stream.read_line(&mut line).ok().filter(|&read| read > 0)?;
                    if line == ".\r\n" {
                        break;
                    }
                    mail.text.push_str(line.strip_prefix('.').unwrap_or(&line));
                }
                let number = {
                    let mut taken = taken.lock().expect("whole");
                    taken.push(mail.clone());
                    taken.len() - 1
                };
                say(&mut stream, verdict(number))?;
            }
            "QUIT" => {
                say(&mut stream, "221 bye")?;
                return Some(());
            }
            _ => say(&mut stream, "250 ok")?,
        }
    }
}

fn email(port: u16, tls: &str, more: &str) -> Vec<NotifyTarget> {
    targets(&format!(
        r#"
        [[notify]]
        name = "duty"
        type = "email"
        address = "localhost:{port}"
        tls = "{tls}"
        from = "Picket <picket@example.org>"
        to = ["ada@example.org", "Günther <g@example.org>"]
        {more}
        "#
    ))
}

/// Python's own parser reads what we send.
fn parsed(mail: &str) -> serde_json::Value {
    const PROGRAM: &str = "import email, email.policy, json, sys\n\
        m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)\n\
        d = [type(x).__name__ for p in m.walk() for x in p.defects]\n\
        p = {x.get_content_type(): x.get_content() for x in m.walk() if not x.is_multipart()}\n\
        json.dump({'headers': {k.lower(): str(v) for k, v in m.items()}, 'parts': p, 'defects': d}, sys.stdout)";
    let mut python = std::process::Command::new("python3")
        .args(["-c", PROGRAM])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("python3");
    python.stdin.take().expect("piped").write_all(mail.as_bytes()).expect("written");
    serde_json::from_slice(&python.wait_with_output().expect("ends").stdout).expect("JSON")
}

#[test]
fn mails() {
    let server = Server::start(Tls::None, |_| "250 ok");
    let desk = Desk::new(email(server.port, "none", ""));
    let courier = desk.courier();
    let hostile = Signal {
        title: "Größe <b>\r\nBcc: evil@example.org".to_owned(),
        message: ".\r\nfirst\n.second <script>".to_owned(),
        ..signal(1, Severity::Critical)
    };
    desk.put(&of(ChangeKind::Opened, hostile));
    courier.wake();
    until("delivered", || only(&courier).delivered == 1 && desk.waiting() == 0);
    let mails = server.mails();
    let [mail] = mails.as_slice() else { panic!("{mails:?}") };
    assert!(mail.from.starts_with("MAIL FROM:<picket@example.org>"), "{}", mail.from);
    assert_eq!(mail.to, ["RCPT TO:<ada@example.org>", "RCPT TO:<g@example.org>"]);
    assert_eq!((mail.login.clone(), mail.tls), (None, false));
    let parsed = parsed(&mail.text);
    let headers = &parsed["headers"];
    assert_eq!(parsed["defects"], serde_json::json!([]), "{}", mail.text);
    assert_eq!(headers["subject"], "[CRITICAL] Größe <b> Bcc: evil@example.org");
    assert_eq!(headers["from"], "Picket <picket@example.org>");
    assert_eq!(headers["auto-submitted"], "auto-generated");
    assert_eq!(headers.get("bcc"), None);
    let id = headers["message-id"].as_str().unwrap();
    assert!(id.starts_with('<') && id.ends_with("@example.org>"), "{id}");
    let text = parsed["parts"]["text/plain"].as_str().unwrap().replace("\r\n", "\n");
    assert!(text.starts_with(".\nfirst\n.second <script>") && text.contains("Actors: 203.0.113.7"), "{text}");
    let html = parsed["parts"]["text/html"].as_str().unwrap();
    assert!(html.contains(".second &lt;script&gt;") && !html.contains("<script>"), "{html}");
}

#[test]
fn protected_and_logged_in() {
    let directory = tempfile::tempdir().unwrap();
    let password = directory.path().join("password");
    std::fs::write(&password, "pässword\n").unwrap();
    let mut ran = 0;
    for (tls, name) in [(Tls::Starttls, "starttls"), (Tls::Whole, "tls")] {
        let server = Server::start(tls, |_| "250 ok");
        let more =
            format!("ca_file = \"{CA}\"\nusername = \"picket\"\npassword_file = \"{}\"", password.display());
        let desk = Desk::new(email(server.port, name, &more));
        desk.courier().test("duty").unwrap();
        let mails = server.mails();
        assert_eq!(mails.len(), 1, "{name}");
        assert_eq!((mails[0].login.as_deref(), mails[0].tls), (Some("|picket|pässword"), true), "{name}");

        let desk = Desk::new(email(server.port, name, &format!("ca_file = \"{OTHER_CA}\"")));
        let error = desk.courier().test("duty").unwrap_err().to_string();
        assert!(error.contains("certificate"), "{name}: {error}");
        assert_eq!(server.mails().len(), 1);
        ran += 1;
    }
    // Who offers no STARTTLS gets nothing.
    let server = Server::start(Tls::None, |_| "250 ok");
    let desk = Desk::new(email(server.port, "starttls", &format!("ca_file = \"{CA}\"")));
    assert!(desk.courier().test("duty").is_err());
    assert_eq!((server.mails().len(), ran), (0, 2));
}

#[test]
fn refused_and_tried_again() {
    // Greylisting first, then a refusal for good, then everything is taken.
    let server = Server::start(Tls::None, |number| match number {
        0 | 1 => "451 4.7.1 later",
        3 => "554 5.7.1 never",
        _ => "250 ok",
    });
    let desk = Desk::new(email(server.port, "none", ""));
    let courier = desk.courier();
    desk.put(&change(ChangeKind::Opened, 1));
    courier.wake();
    until("delivered", || only(&courier).delivered == 1);
    let ids: Vec<String> = server
        .mails()
        .iter()
        .map(|mail| parsed(&mail.text)["headers"]["message-id"].as_str().unwrap().to_owned())
        .collect();
    assert!(ids.len() == 3 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    desk.put(&change(ChangeKind::Opened, 2));
    courier.wake();
    until("given up", || only(&courier).given_up == 1 && desk.waiting() == 0);
    assert_eq!((only(&courier).failed, server.mails().len()), (3, 4));
}

/// A password that is wrong today may be right tomorrow.
#[test]
fn who_may_not_log_in_tries_again() {
    let directory = tempfile::tempdir().unwrap();
    let password = directory.path().join("password");
    std::fs::write(&password, "wrong").unwrap();
    let server = Server::start(Tls::None, |_| "250 ok");
    let more = format!("username = \"picket\"\npassword_file = \"{}\"", password.display());
    let desk = Desk::new(email(server.port, "none", &more));
    let courier = desk.courier();
    desk.put(&change(ChangeKind::Opened, 1));
    courier.wake();
    until("tried", || only(&courier).failed >= 2);
    assert_eq!(only(&courier).given_up, 0);
    let error = only(&courier).last_error.unwrap();
    assert!(error.contains("535"), "{error}");
    std::fs::write(&password, "right").unwrap();
    courier.reconfigure(&desk.targets, &Secrets::read(&desk.targets).unwrap()).unwrap();
    until("delivered", || only(&courier).delivered == 1 && desk.waiting() == 0);
}

/// A server that accepts a connection and says nothing.
#[test]
fn silence() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (end, ended) = mpsc::channel::<()>();
    let server = thread::spawn(move || {
        let held = listener.accept();
        let _ = ended.recv();
        held.is_ok()
    });
    let desk = Desk::new(email(port, "none", "timeout = \"1s\""));
    let start = Instant::now();
    let error = desk.courier().test("duty").unwrap_err().to_string();
    assert!(start.elapsed() < Duration::from_secs(10), "{error}");
    drop(end);
    assert!(server.join().unwrap());
}
