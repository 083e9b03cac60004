//! What a process has in memory.

/// KiB in memory now and at most since [`forget_most`].
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    pub now: u64,
    pub most: u64,
}

pub fn memory(pid: i32) -> Memory {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    Memory {
        now: of("VmRSS:"),
        most: of("VmHWM:"),
    }
}

/// Begins to measure the most anew.
pub fn forget_most(pid: i32) {
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5").unwrap();
}

/// Seconds of processor time used so far.
pub fn processor(pid: i32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, rest) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0
}
