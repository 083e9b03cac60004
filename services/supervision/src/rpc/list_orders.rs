//! Orders given to organs, oldest due first.

use huiyin_domain::ids::OrderId;
use huiyin_domain::time::Date;
use huiyin_proto::supervision::v1::{ListOrdersRequest, ListOrdersResponse, OrderState};
use huiyin_service_kit::page::{page_size, read_date_key};
use huiyin_service_kit::run::Desk;
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;

use super::{Listing, id_key, only_seen, optional_id, whose};
use crate::order::Order;
use crate::store::supervise_order::{self, Filter};
use crate::wire;

pub(crate) async fn answer(
    desk: &Desk,
    request: ListOrdersRequest,
) -> Result<ListOrdersResponse, Problem> {
    let (filter, listing) = parse(&request)?;
    let organ = whose(filter.organ).await?;
    let filter = Filter { organ, ..filter };
    let page = listing.page(read_key)?;
    let mut connection = desk.database.reading().await?;
    let orders = supervise_order::page(&mut connection, filter, &page).await?;
    let orders = only_seen(&mut connection, orders, |order| order.matter).await?;
    let (orders, next_page_token) = listing.cut(orders, key);
    Ok(ListOrdersResponse {
        orders: orders.iter().map(wire::order).collect(),
        next_page_token,
    })
}

/// A state that is not given asks for all states.
fn parse(request: &ListOrdersRequest) -> Result<(Filter, Listing), Problem> {
    let mut violations = Violations::default();
    let organ = optional_id(&mut violations, "organ_id", &request.organ_id);
    let state = match request.state {
        0 => None,
        given => violations
            .choice("state", given, OrderState::as_str_name)
            .and_then(wire::order_state),
    };
    let size = page_size(&mut violations, request.page_size, 50, 500);
    violations.finish()?;
    let fingerprint = format!("orders organ={} state={}", request.organ_id, request.state);
    Ok((
        Filter { organ, state },
        Listing::parse(size, &request.page_token, fingerprint)?,
    ))
}

fn key(order: &Order) -> String {
    format!("{}/{}", order.due, order.id.uuid())
}

fn read_key(key: &str) -> Option<(Date, OrderId)> {
    let (due, id) = key.split_once('/')?;
    Some((read_date_key(due)?, id_key(id)?))
}
