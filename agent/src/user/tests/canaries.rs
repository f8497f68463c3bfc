//! Secrets in every place where one can be: nothing of them comes out.

use super::*;

/// In every place another one, so that a leak says where.
fn canary(place: &str) -> String {
    format!("Canary{place}0123456789abcdefXYZ")
}

/// A message of each kind with a secret in each place. No login's name is a secret: it says who.
fn transactions() -> Vec<(String, String)> {
    let c = canary;
    let basic =
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("amy:{}", c("Basic")));
    let jwt = crate::user::token::made(&format!(r#"{{"sub":"amy","secret":"{}"}}"#, c("Claim")));
    let mut all = Vec::new();
    let mut add = |first: &str, lines: &[String], status: &str, answer: &[String]| {
        let refs = |lines: &[String]| lines.to_vec();
        let (lines, answer) = (refs(lines), refs(answer));
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let answer: Vec<&str> = answer.iter().map(String::as_str).collect();
        all.push((
            message(&format!("{first} HTTP/1.1\r\nHost: a"), &lines),
            message(&format!("HTTP/1.1 {status} X"), &answer),
        ));
    };
    let set = vec![
        format!("Set-Cookie: sid={}; HttpOnly", c("SetCookie")),
        format!("Set-Cookie: odd={}; HttpOnly", c("OddCookie")),
        "Location: /home".to_owned(),
    ];
    let form = vec![
        format!("Cookie: PHPSESSID={}; theme={}", c("Cookie"), c("Theme")),
        String::new(),
        format!("username=amy&password={}&csrf={}&otp={}", c("FormPassword"), c("Csrf"), c("Otp")),
    ];
    add(&format!("POST /login?token={}", c("QueryToken")), &form, "302", &set);
    add(&format!("POST /login;jsessionid={}", c("PathParameter")), &form, "401", &[]);
    let json = vec![String::new(), format!(r#"{{"email":"amy","password":"{}"}}"#, c("JsonPassword"))];
    let token = vec![
        String::new(),
        format!(
            r#"{{"token":"{}","access_token":"{}","mfa_token":"{}"}}"#,
            c("Token"),
            c("Access"),
            c("Mfa")
        ),
    ];
    add("POST /api/login", &json, "200", &token);
    let asked = vec![String::new(), format!(r#"{{"mfa_required":true,"mfa_token":"{}"}}"#, c("Mfa"))];
    add("POST /api/login", &json, "200", &asked);
    let second = vec![String::new(), format!(r#"{{"mfa_token":"{}","code":"{}"}}"#, c("Mfa"), c("Code"))];
    add("POST /api/mfa", &second, "200", &token);
    add("GET /x", &[format!("Authorization: Bearer {}", c("Token"))], "200", &[]);
    add("GET /x", &[format!("Authorization: Basic {basic}")], "200", &[]);
    add("GET /x", &[format!("Authorization: Basic {basic}")], "401", &[]);
    add("GET /x", &[format!("Authorization: Bearer {jwt}")], "200", &[]);
    add("GET /x", &[format!("Cookie: access_token={jwt}; sid={}", c("SetCookie"))], "200", &[]);
    let reset =
        vec![String::new(), format!("reset_password_token={}&password={}", c("Reset"), c("NewPassword"))];
    add("PUT /users/password", &reset, "303", &["Location: /".to_owned()]);
    add(&format!("GET /reset/{}", c("Segment")), &[], "200", &[]);
    let card = vec![String::new(), format!("card_number=4111111111111111&cvc={}", c("Cvc"))];
    add("POST /checkout", &card, "402", &[String::new(), r#"{"error":"card_declined"}"#.to_owned()]);
    // The name is a credential by its looks.
    let odd = vec![String::new(), format!("username=password={}&password=x1", c("Name"))];
    add("POST /login", &odd, "401", &[]);
    all
}

#[test]
fn nothing_secret_comes_out() {
    let configuration = "[[users.events]]\nevent = \"all\"\npaths = [\"*\"]\n\
        copy = [\"a=password\", \"b=token\", \"c=access_token\", \"d=csrf_token\", \"e=reset_password_token\"]";
    for identity in ["as_is", "hashed"] {
        let mut watch = Watch::new(&format!("[users]\nidentity = \"{identity}\"\n{configuration}"));
        let mut told = String::new();
        let transactions = transactions();
        // Twice: with what the first round left behind.
        for (request, response) in transactions.iter().chain(&transactions) {
            let observed = watch.see(request, Some(response));
            told += &serde_json::to_string(&(
                &observed.user,
                &observed.session,
                &observed.business,
                &observed.endpoint,
            ))
            .unwrap();
            told += &format!("{observed:?}");
        }
        told += &serde_json::to_string(&watch.observer.inventory().snapshot()).unwrap();
        // What is kept: also that of the parts that never come out.
        let mut kept = watch.observer;
        kept.forget_buffers();
        told += &format!("{kept:?}");
        assert!(told.contains("users.login.success") && told.contains("users.login.failure"));
        assert_eq!(told.contains("amy"), identity == "as_is");
        let at = told.find("Canary");
        assert_eq!(at.map(|at| told.get(at..at + 40)), None);
        assert!(!told.contains("4111111111111111"));
    }
    assert_eq!(transactions().len(), 14);
}
