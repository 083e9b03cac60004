//! temporary
use futures::future::BoxFuture;
use huiyin_service_kit::names::ServiceName;
use huiyin_service_kit::run::{Context, Desk, House, Lists, RunError, run};
use huiyin_service_kit::status::Problem;
/// x
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
/// x
pub fn serve(context: Context) -> BoxFuture<'static, Result<(), RunError>> {
    run(context, House { name: ServiceName::Statistics, migrations: &MIGRATIONS, lists })
}
fn lists(_desk: Desk) -> BoxFuture<'static, Result<Lists, Problem>> {
    Box::pin(async { Ok(Lists { rpcs: tonic::service::Routes::default(), grpc_names: vec![], reactions: vec![], sweeps: vec![] }) })
}
