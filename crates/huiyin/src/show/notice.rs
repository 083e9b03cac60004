//! `huiyin show notice`: what rang at a duty desk. Its alerts are acknowledged one by one, or by a list of their ids.

use anyhow::{Context as _, Result};
use huiyin_proto::stability_early_warning::v1::GetNoticeRequest;
use tonic::Request;

use super::{plain, when};
use crate::connect::{Clients, persist};

/// Prints a notice with its calls that wait.
///
/// # Errors
/// When there is none at the desk that asks.
pub(super) async fn show(clients: &Clients, notice_id: String) -> Result<()> {
    let mut request = GetNoticeRequest {
        notice_id,
        waiting_only: true,
        page_size: 200,
        page_token: String::new(),
    };
    loop {
        let page = persist("the notice cannot be shown", || {
            let (mut warning, request) = (clients.warning.clone(), Request::new(request.clone()));
            async move { warning.get_notice(request).await }
        })
        .await?;
        if request.page_token.is_empty() {
            let notice = page.notice.context("an answer without a notice")?;
            println!(
                "{}: {} calls, rang {} times, last {}; of these wait:",
                plain(notice.form().as_str_name(), "NOTICE_FORM_"),
                notice.calls,
                notice.rings,
                when(notice.rung_time.as_ref())
            );
        }
        for call in &page.calls {
            println!(
                "  {}  {} at {}  {}{}",
                when(call.called_time.as_ref()),
                plain(call.kind().as_str_name(), "URGENT_KIND_"),
                call.place_code,
                call.alert_id,
                match call.call {
                    0 => String::new(),
                    escalations => format!("  escalated {escalations} times"),
                }
            );
        }
        if page.next_page_token.is_empty() {
            return Ok(());
        }
        request.page_token = page.next_page_token;
    }
}
