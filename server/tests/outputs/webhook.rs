//! A tiny HTTP server that answers as it is told.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use yagura_server::output::{Format, WebhookOutput, WebhookSettings};

use crate::world::{World, alert, finish, publish};

#[derive(Clone, Debug, Default)]
struct Request {
    headers: BTreeMap<String, String>,
    body: String,
}

/// Answers to requests one after the other, the last one for ever; an empty one hangs until the
/// client has gone.
fn serve(answers: Vec<&'static str>) -> (String, Arc<Mutex<Vec<Request>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let requests = Arc::<Mutex<Vec<Request>>>::default();
    let kept = Arc::clone(&requests);
    thread::spawn(move || {
        let mut number = 0;
        for stream in listener.incoming().flatten() {
            let mut stream = BufReader::new(stream);
            while let Some(request) = read_request(&mut stream) {
                kept.lock().expect("unpoisoned").push(request);
                let answer = answers[number.min(answers.len() - 1)];
                number += 1;
                if answer.is_empty() {
                    let _ = stream.read(&mut [0]);
                    break;
                }
                let answer = format!("HTTP/1.1 {answer}\r\ncontent-length: 2\r\n\r\nno");
                if stream.get_mut().write_all(answer.as_bytes()).is_err() {
                    break;
                }
            }
        }
    });
    (format!("http://{address}/hook"), requests)
}

fn read_request(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut request = Request::default();
    let mut line = String::new();
    stream.read_line(&mut line).ok().filter(|&read| read > 0)?;
    loop {
        line.clear();
        stream.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else {
            break;
        };
        let name = name.to_ascii_lowercase();
        request.headers.insert(name, value.to_owned());
    }
    let length = request.headers.get("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    request.body = String::from_utf8(body).ok()?;
    Some(request)
}

fn settings(url: String) -> WebhookSettings {
    WebhookSettings {
        url,
        template: None,
        format: Format::Record,
        headers: BTreeMap::new(),
        token_file: None,
        secret_file: None,
        ca_file: None,
        timeout_seconds: 1,
    }
}

fn bodies(requests: &Mutex<Vec<Request>>) -> Vec<String> {
    let requests = requests.lock().expect("unpoisoned");
    requests
        .iter()
        .map(|request| request.body.clone())
        .collect()
}

#[test]
fn failures_are_retried_refusals_are_dead_letters() {
    let world = World::new();
    let (mut outbox, mut subscriptions) = world.open(&["hook"]);
    let (url, requests) = serve(vec![
        "503 Service Unavailable\r\nretry-after: 0",
        "429 Too Many Requests",
        "",
        "200 OK",
        "422 Unprocessable",
        "307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/",
        "204 No Content",
        "200 OK",
    ]);
    let output = WebhookOutput::new(&settings(url), world.path()).expect("an output");
    let running = world.start(subscriptions.remove(0), output);
    let findings: Vec<_> = (0..4).map(|id| alert(id, 0)).collect();
    publish(&mut outbox, &findings);
    let status = finish(running);
    let json = |id: usize| String::from_utf8(findings[id].json.clone()).expect("UTF-8");
    let order = [0, 0, 0, 0, 1, 2, 2, 3];
    assert_eq!(bodies(&requests), order.map(json));
    assert_eq!((status.delivered, status.retried, status.dead), (3, 4, 1));
    let dead = world.dead_letters("hook");
    let reason = "the webhook answered 422 Unprocessable Entity: no";
    assert_eq!(dead[0]["reason"], reason);
}

#[test]
fn requests_are_signed_and_filled_in() {
    let world = World::new();
    let (mut outbox, mut subscriptions) = world.open(&["hook"]);
    let (url, requests) = serve(vec!["200 OK"]);
    std::fs::write(world.path().join("secret"), "s3\n").expect("written");
    std::fs::write(world.path().join("token"), "t0k\n").expect("written");
    let settings = WebhookSettings {
        template: Some(r#"{"text": "{{state}}: {{entities.host}}", "n": {{count}}}"#.to_owned()),
        headers: BTreeMap::from([("x-team".to_owned(), "blue".to_owned())]),
        token_file: Some("token".into()),
        secret_file: Some("secret".into()),
        ..settings(url)
    };
    let output = WebhookOutput::new(&settings, world.path()).expect("an output");
    let running = world.start(subscriptions.remove(0), output);
    publish(&mut outbox, &[alert(7, 0)]);
    finish(running);
    let requests = requests.lock().expect("unpoisoned");
    let request = &requests[0];
    assert_eq!(request.body, r#"{"text": "open: WS7", "n": 0}"#);
    assert_eq!(request.headers["authorization"], "Bearer t0k");
    assert_eq!(request.headers["x-team"], "blue");
    let key = format!("{:032x}-open-1700000000000000000", 7);
    assert_eq!(request.headers["idempotency-key"], key);
    let timestamp = &request.headers["x-yagura-timestamp"];
    let signed = hmac_of(b"s3", &format!("{timestamp}.{}", request.body));
    assert_eq!(request.headers["x-yagura-signature"], signed);
}

fn hmac_of(key: &[u8], text: &str) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).expect("a key");
    mac.update(text.as_bytes());
    let bytes = mac.finalize().into_bytes();
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={}", digits.concat())
}

#[test]
fn wrong_settings_are_told() {
    let world = World::new();
    let told = |settings: &WebhookSettings| {
        let output = WebhookOutput::new(settings, world.path());
        output.err().expect("an error")
    };
    let mut wrong = settings("ftp://x".to_owned());
    assert_eq!(
        told(&wrong),
        "url \"ftp://x\" begins with neither http:// nor https://"
    );
    wrong.url = "http://localhost/".to_owned();
    wrong.template = Some("{{a}} b".to_owned());
    assert!(told(&wrong).starts_with("template: with all fields filled in it is no JSON"));
}
