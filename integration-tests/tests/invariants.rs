//! The auditor over real schemas: a healthy city breaks nothing, and each invariant, broken by itself, is named and no other.

mod audited;

use audited::{City, Tested, minute};
use huiyin_auditor::{Auditor, Compared, Invariant, Reach, table};
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::settings::Settings;

/// Nobody reads this stream of the city, so that what is done to it touches no inbox.
const UNREAD: &str = "events:{stability-early-warning:0}";

#[tokio::test]
async fn a_city_after_alerts_breaks_nothing() -> Tested {
    let city = City::after_alerts().await?;
    let mut auditor = city.auditor()?;
    for _ in 0..3 {
        let report = auditor.look().await;
        assert_eq!(report.findings.broken(), [], "{}", table(&report));
        assert!(report.is_complete());
        let seen = Invariant::ALL.map(|invariant| report.findings.of(invariant).is_some());
        assert_eq!(seen, [true; 11]);
        assert!(matches!(report.streams, Compared::Entries(entries) if entries > 50));
        assert!(report.lags.iter().all(|lag| lag.entries == 0));
        assert_eq!(report.lags.len(), 6);
    }
    let mut everything = Auditor::open(&city.settings("")?, Reach::Everything)?;
    let report = everything.look().await;
    assert_eq!(report.findings.broken(), [], "{}", table(&report));
    assert!(report.is_complete());
    Ok(())
}

#[tokio::test]
async fn a_city_with_more_than_is_looked_at_breaks_nothing() -> Tested {
    let city = City::after_alerts().await?;
    for number in 0..12 {
        city.raise(&format!("more-{number}")).await?;
    }
    city.carry().await?;
    let mut auditor = Auditor::open(&city.settings("looks_back = 10")?, Reach::Newest)?;
    let report = auditor.look().await;
    assert_eq!(report.findings.broken(), [], "{}", table(&report));
    Ok(())
}

#[tokio::test]
async fn i1_an_alert_without_recipients() -> Tested {
    let city = City::after_alerts().await?;
    let alone = "INSERT INTO alert SELECT gen_random_uuid(), kind, place_code, organ_id, matter_ids, persons, happened_at, known_at,
                        reported_at, lateness_seconds, late, facts, measures, duty_phone, source, recipient_rule
                 FROM alert LIMIT 1";
    assert_eq!(city.broken_by(alone).await?, [Invariant::RecipientsAreTold]);
    Ok(())
}

#[tokio::test]
async fn i1_a_recipient_whom_nothing_tells() -> Tested {
    let city = City::after_alerts().await?;
    let untold = "INSERT INTO alert_recipient (recipient_id, alert_id, organ_id, level, role, reason, ack_due)
                  SELECT gen_random_uuid(), alert_id, gen_random_uuid(), 'county', 'level_above', 'x', '2026-01-06'
                  FROM alert LIMIT 1;
                  WITH notice AS (
                      INSERT INTO desk_notice (notice_id, organ_id, form, opened_at, rung_at, rings, calls, place_codes, kinds)
                      SELECT gen_random_uuid(), organ_id, 'life', '2026-01-05', '2026-01-05', 1, 1, '{431202001000}', '{other}'
                      FROM alert_recipient WHERE reason = 'x' RETURNING notice_id)
                  INSERT INTO desk_call (recipient_id, call, notice_id, called_at, rings)
                  SELECT recipient_id, 0, notice_id, '2026-01-05', true FROM alert_recipient, notice WHERE reason = 'x';
                  INSERT INTO timer (kind, ref, fire_at) SELECT 'acknowledgement', recipient_id, ack_due
                  FROM alert_recipient WHERE reason = 'x'";
    assert_eq!(
        city.broken_by(untold).await?,
        [Invariant::RecipientsAreTold]
    );
    Ok(())
}

#[tokio::test]
async fn i1_holds_while_what_tells_waits_to_be_sequenced() -> Tested {
    let city = City::after_alerts().await?;
    city.raise("waiting").await?;
    let broken = city.looked_at().await?.findings.broken();
    assert!(
        !broken.contains(&Invariant::RecipientsAreTold),
        "{broken:?}"
    );
    let lost = "DELETE FROM outbox_urgent WHERE id = (SELECT min(id) FROM outbox_urgent)";
    let broken = city.broken_by(lost).await?;
    assert!(broken.contains(&Invariant::RecipientsAreTold), "{broken:?}");
    Ok(())
}

#[tokio::test]
async fn i2_a_gap_in_the_feed() -> Tested {
    let city = City::after_alerts().await?;
    let mut mirror = city.mirror().await?;
    redis::cmd("XDEL")
        .arg(format!("{UNREAD}:1"))
        .arg("2-0")
        .query_async::<()>(&mut mirror)
        .await?;
    let gap = format!("DELETE FROM feed WHERE stream = '{UNREAD}' AND seq = 2");
    assert_eq!(city.broken_by(&gap).await?, [Invariant::FeedIsDense]);
    Ok(())
}

#[tokio::test]
async fn i2_a_head_above_the_feed() -> Tested {
    let city = City::after_alerts().await?;
    let above = format!("UPDATE stream_head SET seq = seq + 1 WHERE stream = '{UNREAD}'");
    assert_eq!(city.broken_by(&above).await?, [Invariant::FeedIsDense]);
    Ok(())
}

#[tokio::test]
async fn i3_an_event_that_is_in_a_feed_twice() -> Tested {
    let city = City::after_alerts().await?;
    let twice = format!(
        "ALTER TABLE feed DROP CONSTRAINT feed_event_once;
         INSERT INTO feed (stream, epoch, seq, event_id, payload)
         SELECT f.stream, f.epoch, h.seq + 1, f.event_id, f.payload FROM feed f JOIN stream_head h USING (stream, epoch)
         WHERE f.stream = '{UNREAD}' AND f.seq = 2;
         UPDATE stream_head SET seq = seq + 1 WHERE stream = '{UNREAD}'"
    );
    assert_eq!(city.broken_by(&twice).await?, [Invariant::EventIsOnce]);
    Ok(())
}

#[tokio::test]
async fn i4_an_entry_that_no_row_has() -> Tested {
    let city = City::after_alerts().await?;
    let mut mirror = city.mirror().await?;
    redis::cmd("XADD")
        .arg(format!("{UNREAD}:1"))
        .arg("1000-0")
        .arg("id")
        .arg("0197a2f0-0000-7000-8000-000000000000")
        .arg("event")
        .arg("x")
        .query_async::<()>(&mut mirror)
        .await?;
    let report = city.looked_at().await?;
    assert_eq!(report.findings.broken(), [Invariant::MirrorIsTheFeed]);
    let finding = report.findings.of(Invariant::MirrorIsTheFeed).unwrap();
    let expected = format!("stability-early-warning: {UNREAD} 1:1000");
    assert_eq!(finding.examples, [expected]);
    Ok(())
}

#[tokio::test]
async fn i4_an_entry_that_says_something_else_than_its_row() -> Tested {
    let city = City::after_alerts().await?;
    let newest = format!(
        "UPDATE feed SET payload = payload || '\\x00' WHERE stream = '{UNREAD}'
         AND seq = (SELECT seq FROM stream_head WHERE stream = '{UNREAD}')"
    );
    assert_eq!(city.broken_by(&newest).await?, [Invariant::MirrorIsTheFeed]);
    Ok(())
}

#[tokio::test]
async fn i4_an_old_entry_is_compared_in_its_turn_and_at_once_where_everything_is() -> Tested {
    let city = City::after_alerts().await?;
    let old = format!(
        "UPDATE feed SET payload = payload || '\\x00' WHERE stream = '{UNREAD}' AND seq = 3"
    );
    city.change(&old).await?;
    let mut auditor = city.auditor()?;
    let mut broken = 0;
    for _ in 0..20 {
        broken += auditor.look().await.findings.broken().len();
    }
    assert!((1..20).contains(&broken), "{broken} of 20 looks");
    let mut everything = Auditor::open(&city.settings("")?, Reach::Everything)?;
    let broken = everything.look().await.findings.broken();
    assert_eq!(broken, [Invariant::MirrorIsTheFeed]);
    Ok(())
}

#[tokio::test]
async fn i5_a_cursor_below_its_inbox() -> Tested {
    let city = City::after_alerts().await?;
    let below = "UPDATE cursor SET seq = seq - 1 WHERE stream = 'alerts:{nation:0}'";
    assert_eq!(city.broken_by(below).await?, [Invariant::CursorIsTheTop]);
    Ok(())
}

#[tokio::test]
async fn i5_an_inbox_with_a_gap() -> Tested {
    let city = City::after_alerts().await?;
    let gap = "DELETE FROM inbox WHERE stream = 'alerts:{nation:0}' AND seq = 1";
    assert_eq!(city.broken_by(gap).await?, [Invariant::CursorIsTheTop]);
    Ok(())
}

#[tokio::test]
async fn i5_a_cursor_that_falls_with_its_inbox_until_it_is_back() -> Tested {
    let city = City::after_alerts().await?;
    let mut auditor = city.auditor()?;
    assert_eq!(auditor.look().await.findings.broken(), []);
    let keep = "CREATE TABLE kept AS SELECT i.* FROM inbox i JOIN cursor USING (consumer, stream, epoch, seq)
                WHERE stream = 'alerts:{nation:0}'";
    let falls = "DELETE FROM inbox i USING kept k WHERE i.stream = k.stream AND i.seq = k.seq;
                 UPDATE cursor SET seq = seq - 1 WHERE stream = 'alerts:{nation:0}'";
    city.change(&format!("{keep}; {falls}")).await?;
    for _ in 0..2 {
        let broken = auditor.look().await.findings.broken();
        assert_eq!(broken, [Invariant::CursorIsTheTop]);
    }
    city.change(
        "INSERT INTO inbox SELECT * FROM kept;
         UPDATE cursor SET seq = seq + 1 WHERE stream = 'alerts:{nation:0}'",
    )
    .await?;
    assert_eq!(auditor.look().await.findings.broken(), []);
    Ok(())
}

#[tokio::test]
async fn i6_who_waits_without_a_timer() -> Tested {
    let city = City::after_alerts().await?;
    let disarmed = "DELETE FROM timer WHERE ref = (SELECT min(ref::text)::uuid FROM timer)";
    assert_eq!(city.broken_by(disarmed).await?, [Invariant::TimerIsArmed]);
    Ok(())
}

#[tokio::test]
async fn i6_who_acknowledged_with_a_timer() -> Tested {
    let city = City::after_alerts().await?;
    let armed = "INSERT INTO timer (kind, ref, fire_at) SELECT 'acknowledgement', recipient_id, '2027-01-01'
                 FROM alert_recipient WHERE state <> 'waiting' LIMIT 1";
    assert_eq!(city.broken_by(armed).await?, [Invariant::TimerIsArmed]);
    Ok(())
}

#[tokio::test]
async fn i6_who_holds_an_alert_and_no_timer_waits_for_its_report() -> Tested {
    let city = City::after_alerts().await?;
    let disarmed = "DELETE FROM timer WHERE kind = 'reporting_on'";
    assert_eq!(city.broken_by(disarmed).await?, [Invariant::TimerIsArmed]);
    Ok(())
}

#[tokio::test]
async fn i7_a_step_that_fell() -> Tested {
    let city = City::after_alerts().await?;
    let fell = "UPDATE alert_recipient SET step = step - 1
                WHERE recipient_id = (SELECT recipient_id FROM escalation_order ORDER BY recipient_id LIMIT 1)";
    assert_eq!(city.broken_by(fell).await?, [Invariant::StepIsTaken]);
    Ok(())
}

#[tokio::test]
async fn i7_an_order_that_falls_below_the_one_before() -> Tested {
    let city = City::after_alerts().await?;
    let fell = "UPDATE escalation_order SET step = 3 WHERE count = 2 AND recipient_id =
                (SELECT recipient_id FROM escalation_order WHERE count = 4 ORDER BY recipient_id LIMIT 1);
                UPDATE escalation_order SET step = 2 WHERE count = 3 AND recipient_id =
                (SELECT recipient_id FROM escalation_order WHERE count = 4 ORDER BY recipient_id LIMIT 1)";
    assert_eq!(city.broken_by(fell).await?, [Invariant::StepIsTaken]);
    Ok(())
}

#[tokio::test]
async fn i7_what_has_expired_and_was_not_taken() -> Tested {
    let city = City::after_alerts().await?;
    city.raise("late").await?;
    city.carry().await?;
    // nobody sweeps
    city.warning.move_clock(minute(250)).await?;
    let report = city.looked_at().await?;
    assert_eq!(report.findings.broken(), [Invariant::StepIsTaken]);
    let late = report.lateness.iter();
    let mut late = late.filter(|late| late.service == ServiceName::StabilityEarlyWarning);
    assert!(late.next().unwrap().overdue > 60.0);
    Ok(())
}

#[tokio::test]
async fn i8_a_recipient_who_is_excluded() -> Tested {
    let city = City::after_alerts().await?;
    let excluded = "SET session_replication_role = replica;
                    INSERT INTO alert_exclusion SELECT alert_id, organ_id FROM alert_recipient LIMIT 1";
    assert_eq!(
        city.broken_by(excluded).await?,
        [Invariant::NobodyExcludedIsTold]
    );
    Ok(())
}

#[tokio::test]
async fn i9_an_inbox_with_what_another_service_never_told() -> Tested {
    let city = City::after_alerts().await?;
    let phantom = "UPDATE inbox SET event_id = gen_random_uuid() WHERE stream = 'events:{routing:0}' AND seq = 1";
    let broken = city.broken_by(phantom).await?;
    assert_eq!(broken, [Invariant::InboxHasItsFeed]);
    Ok(())
}

#[tokio::test]
async fn i9_an_inbox_with_what_was_never_told() -> Tested {
    let city = City::after_alerts().await?;
    let phantom = "UPDATE inbox SET event_id = gen_random_uuid() WHERE stream = 'alerts:{nation:0}' AND seq = 1";
    let broken = city.broken_by(phantom).await?;
    assert_eq!(broken, [Invariant::InboxHasItsFeed]);
    Ok(())
}

#[tokio::test]
async fn i9_an_inbox_with_an_alert_that_nobody_raised() -> Tested {
    let city = City::after_alerts().await?;
    let phantom = "INSERT INTO feed (stream, epoch, seq, event_id, payload)
        SELECT stream, epoch, h.seq + 1, gen_random_uuid(),
               overlay(payload PLACING convert_to(replace(gen_random_uuid()::text, '-', ''), 'UTF8')
                       FROM position('alert_'::bytea IN payload) + 6)
        FROM feed f JOIN stream_head h USING (stream, epoch) WHERE stream = 'alerts:{nation:0}' AND f.seq = 1;
        UPDATE stream_head SET seq = seq + 1 WHERE stream = 'alerts:{nation:0}';
        INSERT INTO inbox (consumer, stream, epoch, seq, event_id)
        SELECT 'stability-early-warning', stream, epoch, seq, event_id FROM feed JOIN stream_head USING (stream, epoch, seq)
        WHERE stream = 'alerts:{nation:0}';
        UPDATE cursor SET seq = seq + 1 WHERE stream = 'alerts:{nation:0}'";
    let broken = city.broken_by(phantom).await?;
    assert_eq!(broken, [Invariant::InboxHasItsFeed]);
    Ok(())
}

#[tokio::test]
async fn i10_an_urgent_row_that_nobody_sequences() -> Tested {
    let city = City::after_alerts().await?;
    let row = |age: &str| {
        format!(
            "INSERT INTO outbox_urgent (stream, event_id, payload, written_at)
             VALUES ('alerts:{{county:0}}', gen_random_uuid(), 'x', clock_timestamp() - interval '{age}')"
        )
    };
    assert_eq!(city.broken_by(&row("-1 minute")).await?, []);
    let broken = city.broken_by(&row("3 seconds")).await?;
    assert_eq!(broken, [Invariant::OutboxIsYoung]);
    Ok(())
}

#[tokio::test]
async fn i11_a_call_that_is_in_no_notice() -> Tested {
    let city = City::after_alerts().await?;
    let lost = "WITH lost AS (DELETE FROM desk_call WHERE (recipient_id, call) =
                    (SELECT recipient_id, call FROM desk_call ORDER BY recipient_id DESC, call LIMIT 1) RETURNING notice_id)
                DELETE FROM desk_notice WHERE notice_id IN (SELECT notice_id FROM lost) AND calls = 1";
    let broken = city.broken_by(lost).await?;
    assert_eq!(broken, [Invariant::CallIsInItsNotice]);
    Ok(())
}

#[tokio::test]
async fn i11_a_call_in_the_notice_of_another_desk() -> Tested {
    let city = City::after_alerts().await?;
    let moved = "UPDATE desk_notice SET organ_id = gen_random_uuid()
                 WHERE notice_id = (SELECT notice_id FROM desk_notice ORDER BY notice_id DESC LIMIT 1)";
    let broken = city.broken_by(moved).await?;
    assert_eq!(broken, [Invariant::CallIsInItsNotice]);
    Ok(())
}

#[tokio::test]
async fn i11_a_notice_that_rang_for_no_call() -> Tested {
    let city = City::after_alerts().await?;
    let rang = "INSERT INTO desk_notice (notice_id, organ_id, form, opened_at, rung_at, rings, calls, place_codes, kinds)
                SELECT gen_random_uuid(), organ_id, form, opened_at, rung_at, rings, calls, place_codes, kinds
                FROM desk_notice WHERE rings > 0 LIMIT 1";
    let broken = city.broken_by(rang).await?;
    assert_eq!(broken, [Invariant::CallIsInItsNotice]);
    Ok(())
}

#[tokio::test]
async fn i11_a_notice_that_rang_for_a_call_that_did_not() -> Tested {
    let city = City::after_alerts().await?;
    let silent = "UPDATE desk_call SET rings = false WHERE (recipient_id, call) =
                  (SELECT recipient_id, call FROM desk_call WHERE rings ORDER BY recipient_id, call LIMIT 1)";
    let broken = city.broken_by(silent).await?;
    assert_eq!(broken, [Invariant::CallIsInItsNotice]);
    Ok(())
}

#[tokio::test]
async fn without_a_stream_server_nothing_is_broken() -> Tested {
    let city = City::after_alerts().await?;
    let address = city.database.auditor_address()?;
    for (streams, compared) in [
        (
            "[streams]\nurl = \"redis://127.0.0.1:1\"\n",
            Compared::NotReached,
        ),
        ("", Compared::NotNamed),
    ] {
        let settings = Settings::from_toml(&format!(
            "profile = \"development\"\n{streams}[audit]\nstability_early_warning_database_url = \"{address}\"\n"
        ))?;
        let report = Auditor::open(&settings, Reach::Newest)?.look().await;
        assert_eq!(report.findings.broken(), []);
        assert_eq!((report.streams, report.is_complete()), (compared, true));
    }
    Ok(())
}

#[tokio::test]
async fn a_schema_that_cannot_be_read_is_named_and_the_others_are_looked_at() -> Tested {
    let city = City::after_alerts().await?;
    let nowhere = "intake_database_url = \"postgres://auditor:auditor@127.0.0.1:1/x\"";
    // with the patience of a look at everything: only what cannot be reached is missed, however busy the machine is
    let mut auditor = Auditor::open(&city.settings(nowhere)?, Reach::Everything)?;
    let report = auditor.look().await;
    assert!(!report.is_complete());
    let missed: Vec<ServiceName> = report.missed.iter().map(|missed| missed.service).collect();
    assert_eq!(missed, [ServiceName::Intake]);
    assert!(
        report
            .findings
            .of(Invariant::RecipientsAreTold)
            .is_some_and(|finding| finding.violations == 0)
    );
    Ok(())
}

#[tokio::test]
async fn a_statement_that_fails_hides_nothing_that_another_finds() -> Tested {
    let city = City::after_alerts().await?;
    city.change("REVOKE EXECUTE ON FUNCTION alert_events(bigint) FROM auditor")
        .await?;
    city.change("DELETE FROM timer WHERE ref = (SELECT min(ref::text)::uuid FROM timer)")
        .await?;
    let report = city.auditor()?.look().await;
    assert!(!report.is_complete());
    assert_eq!(report.findings.broken(), [Invariant::TimerIsArmed]);
    assert_eq!(report.findings.of(Invariant::RecipientsAreTold), None);
    Ok(())
}
