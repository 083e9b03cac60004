//! The faults of a cluster: for each the house moves into one, and back.

use std::time::Duration;

use huiyin_service_kit::road::streams::mirror_key;
use rand::Rng as _;

use crate::cluster::Cluster;
use crate::house::House;
use crate::process::{LEVELS, stream_of};
use crate::strike::{Fault, wait};

/// Does it to a cluster; gives how long after the fault's end everybody had applied what was confirmed by then.
pub(crate) async fn strike_cluster(house: &mut House, fault: Fault) -> Duration {
    house.enter_cluster().await;
    wait(house, 0..500).await;
    let all = [None, Some(LEVELS[0]), Some(LEVELS[1])];
    let key = mirror_key(&stream_of(all[house.chance.random_range(0..all.len())]), 1);
    let place = cluster(house).owner(&key).await;
    match fault {
        Fault::ClusterNodeDies | Fault::ClusterNodeForgets => kill(house, place, fault).await,
        Fault::ClusterNodeFrozen => {
            cluster(house).nodes[place].signal("-STOP").await;
            wait(house, 500..3000).await;
            cluster(house).nodes[place].signal("-CONT").await;
        }
        Fault::ClusterSlotMoves => reshard(house, &key, (place + 1) % 3).await,
        _ => fail_over(house, place).await,
    }
    let took = house.caught_up().await;
    // and the fast road is whole again, wherever it is now
    house.mirrored_in_cluster().await;
    house.leave_cluster().await;
    took
}

fn cluster(house: &mut House) -> &mut Cluster {
    house.cluster.as_mut().unwrap()
}

async fn kill(house: &mut House, place: usize, fault: Fault) {
    cluster(house).nodes[place].kill().await;
    wait(house, 0..1500).await;
    let node = &mut cluster(house).nodes[place];
    if fault == Fault::ClusterNodeForgets {
        node.delete_streams();
    }
    node.again().await;
}

async fn reshard(house: &mut House, key: &str, to: usize) {
    let moving = cluster(house).begin_to_move(key, to).await;
    wait(house, 0..500).await;
    cluster(house).carry(&moving).await;
    wait(house, 0..1000).await;
    cluster(house).end_move(moving).await;
}

/// The fault ends when the replica serves what its node served.
async fn fail_over(house: &mut House, place: usize) {
    cluster(house).replica_of(place).await;
    wait(house, 0..500).await;
    cluster(house).nodes[place].kill().await;
    let cluster = cluster(house);
    let dead = cluster.nodes.swap_remove(place);
    let replica = &cluster.nodes[place];
    replica.says(&["INFO", "replication"], "role:master").await;
    drop(dead);
}
