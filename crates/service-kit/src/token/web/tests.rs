//! What a page may answer, written byte by byte.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::advance;

use super::super::address::WithoutTls;
use super::*;

/// Asks a page that answers these bytes and closes; gives what was asked and what is made of the answer.
async fn asked(answers: String) -> (String, Result<Answer, WebError>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys?x=1", listener.local_addr().unwrap());
    let answering = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = vec![0; 4096];
        let length = stream.read(&mut asked).await.unwrap();
        // whoever has heard enough hangs up
        let _heard = stream.write_all(answers.as_bytes()).await;
        String::from_utf8(asked[..length].to_vec()).unwrap()
    };
    let address = WebAddress::parse(&url, WithoutTls::OnLoopback).unwrap();
    let web = Web::new(None, None);
    tokio::join!(answering, web.get(&address))
}

fn answer(head: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn a_page_is_asked_for_by_its_path_and_host() {
    let (asked, answered) = asked(answer("200 OK", "{}")).await;
    assert!(
        asked.starts_with("GET /keys?x=1 HTTP/1.1\r\nhost: 127.0.0.1:"),
        "{asked}"
    );
    let answered = answered.unwrap();
    assert_eq!(
        (answered.status, &*answered.body),
        (StatusCode::OK, &b"{}"[..])
    );
}

#[tokio::test]
async fn an_answer_may_be_so_large() {
    let largest = "x".repeat(MAX_ANSWER);
    let (_, answered) = asked(answer("200 OK", &largest)).await;
    assert_eq!(answered.unwrap().body.len(), MAX_ANSWER);
    let too_large = "x".repeat(MAX_ANSWER + 1);
    let (_, answered) = asked(answer("200 OK", &too_large)).await;
    assert_eq!(answered.unwrap_err(), WebError::TooMuch);
    // and one that does not say how large it is
    let (_, answered) = asked(format!("HTTP/1.1 200 OK\r\n\r\n{too_large}")).await;
    assert_eq!(answered.unwrap_err(), WebError::TooMuch);
}

#[tokio::test]
async fn a_head_may_be_so_large() {
    let head = |length| format!("200 OK\r\nwarning: {}", "x".repeat(length));
    let (_, answered) = asked(answer(&head(MAX_HEAD / 2), "")).await;
    assert!(answered.is_ok());
    let (_, answered) = asked(answer(&head(MAX_HEAD), "")).await;
    assert!(matches!(answered, Err(WebError::Broken(_))), "{answered:?}");
    let many = "200 OK".to_owned() + &"\r\na: b".repeat(MAX_HEADERS);
    let (_, answered) = asked(answer(&many, "")).await;
    assert!(matches!(answered, Err(WebError::Broken(_))), "{answered:?}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_what_is_no_http_is_none() {
    let (_, answered) = asked(answer("302 Found\r\nlocation: /elsewhere", "")).await;
    assert_eq!(answered.unwrap().status, StatusCode::FOUND);
    for broken in [
        "",
        "SSH-2.0-OpenSSH\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
    ] {
        let (_, answered) = asked(broken.to_owned()).await;
        assert!(matches!(answered, Err(WebError::Broken(_))), "{answered:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_may_take_so_long() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let address = WebAddress::parse(&url, WithoutTls::OnLoopback).unwrap();
    let web = Web::new(None, None);
    let asking = web.get(&address);
    tokio::pin!(asking);
    assert!(futures::poll!(&mut asking).is_pending());
    advance(EXCHANGE_WITHIN - Duration::from_millis(1)).await;
    assert!(futures::poll!(&mut asking).is_pending());
    advance(Duration::from_millis(1)).await;
    assert_eq!(asking.await.unwrap_err(), WebError::TookTooLong);
}

#[tokio::test]
async fn where_nobody_is_nobody_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let address = WebAddress::parse(&url, WithoutTls::OnLoopback).unwrap();
    let answered = Web::new(None, None).get(&address).await;
    assert!(
        matches!(answered, Err(WebError::NotReached(_))),
        "{answered:?}"
    );
}
