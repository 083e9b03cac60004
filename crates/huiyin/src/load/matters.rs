//! Matters from a file, each through the same rpc as any other registration.

use std::io::Read;

use anyhow::Result;
use chrono::TimeDelta;
use futures::StreamExt as _;
use huiyin_domain::time::{Date, start_of_day};
use huiyin_proto::intake::v1::{Petitioner, RegisterMatterRequest};
use huiyin_proto::vocabulary::v1 as words;
use huiyin_service_kit::wire;

use super::{Report, Row, rows};

use crate::connect::{Clients, by, persist};

/// Registrations sent at once.
const AT_ONCE: usize = 8;
/// The columns that must be there; `received_on`, `name`, `address`, `phone`, `id_number`, `persons` and
/// `facts` may be.
const COLUMNS: [&str; 6] = [
    "channel",
    "category",
    "subject",
    "place_code",
    "received_by",
    "main_request",
];

/// Registers the matters of a file. A row is known again by its line and text, so a rerun registers
/// nothing twice.
///
/// # Errors
/// When the file has other columns.
pub async fn matters(clients: &Clients, file: impl Read) -> Result<Report> {
    let mut report = Report::default();
    let mut wanted = Vec::new();
    for row in rows(file, &COLUMNS, &mut report)? {
        match petition(&row) {
            Ok(request) => wanted.push((row.line, request)),
            Err((field, reason)) => report.refuse(row.line, field, reason),
        }
    }
    let answers = futures::stream::iter(wanted.into_iter().map(|(line, request)| {
        let intake = clients.intake.clone();
        async move {
            let answer = persist("registering a matter", || {
                let (mut intake, request) = (
                    intake.clone(),
                    by(&request.received_by, "registration-desk", request.clone()),
                );
                async move { intake.register_matter(request).await }
            })
            .await;
            (line, answer)
        }
    }))
    .buffer_unordered(AT_ONCE)
    .collect::<Vec<_>>()
    .await;
    for (line, answer) in answers {
        match answer {
            Ok(_) => report.loaded += 1,
            Err(error) => report.refuse(line, "row", error.to_string().replace('\n', ";")),
        }
    }
    report.problems.sort_by_key(|row| row.line);
    Ok(report)
}

fn petition(row: &Row) -> Result<RegisterMatterRequest, (&'static str, String)> {
    let channel =
        word("CHANNEL", row.get("channel"), words::Channel::from_str_name).ok_or_else(|| {
            (
                "channel",
                "allowed: letter, visit, call, online, fax, leader_mailbox".to_owned(),
            )
        })?;
    let category = word(
        "CATEGORY",
        row.get("category"),
        words::Category::from_str_name,
    )
    .ok_or_else(|| {
        (
            "category",
            "allowed: suggestion, denunciation, claim".to_owned(),
        )
    })?;
    let received_time = match row.get("received_on") {
        "" => None,
        date => {
            let date: Date = date
                .parse()
                .map_err(|_| ("received_on", "a date such as 2026-03-31".to_owned()))?;
            Some(wire::timestamp(start_of_day(date) + TimeDelta::hours(9)))
        }
    };
    let persons = match row.get("persons") {
        "" => 1,
        number => number
            .parse()
            .map_err(|_| ("persons", "a whole number from 1 to 100000".to_owned()))?,
    };
    Ok(RegisterMatterRequest {
        request_id: row.request_id("matter"),
        channel: channel.into(),
        category: category.into(),
        subject: row.get("subject").to_owned(),
        place_code: row.get("place_code").to_owned(),
        received_by: row.get("received_by").to_owned(),
        received_time,
        petitioner: Some(Petitioner {
            name: row.get("name").to_owned(),
            address: row.get("address").to_owned(),
            phone: row.get("phone").to_owned(),
            id_number: row.get("id_number").to_owned(),
        }),
        persons,
        main_request: row.get("main_request").to_owned(),
        facts: row.get("facts").to_owned(),
        ..RegisterMatterRequest::default()
    })
}

/// A word of the contract from the lower-case word of a file.
pub fn word<T>(prefix: &str, text: &str, from_name: impl Fn(&str) -> Option<T>) -> Option<T> {
    let name = format!("{prefix}_{}", text.to_ascii_uppercase());
    if text.eq_ignore_ascii_case("unspecified") {
        None
    } else {
        from_name(&name)
    }
}
