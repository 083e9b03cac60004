//! A running constellation under attack: memory, processor and honest callers are measured before and meanwhile.

use std::fmt::Write as _;
use std::future::Future;
use std::sync::atomic::Ordering;
use std::time::Duration;

use huiyin_service_kit::names::ServiceName;

use super::Target;
use super::honest::{Honest, Round};
use super::process::{Memory, forget_most, memory, processor};
use crate::common::Up;

/// Rounds, each one of calm and one under attack: many short ones, so that what else the machine does meets both alike.
fn rounds() -> usize {
    if crate::by_night() { 16 } else { 4 }
}

/// How long each of them lasts.
const LASTS: Duration = Duration::from_millis(700);
/// KiB that an attack may cost.
const MOST_MEMORY: u64 = 128 * 1024;

pub struct Scene {
    up: Up,
    honest: Honest,
    pid: i32,
}

/// What an attack came to.
pub struct Outcome {
    name: String,
    calm: Vec<Round>,
    attacked: Vec<Round>,
    before: Memory,
    after: Memory,
    /// Processors that the service used in calm and under attack.
    processors: (f64, f64),
    pub done: u64,
    pub refused: u64,
}

impl Scene {
    /// The constellation with the limits of a city, not those of a laptop; what is given lies above them.
    pub async fn new(more: &[(&str, &str)]) -> Self {
        let mut variables = vec![
            ("HUIYIN__LIMITS__CALLS_PER_SECOND", "200".to_owned()),
            ("HUIYIN__LIMITS__BURST", "400".to_owned()),
            ("HUIYIN__LIMITS__CONNECTIONS_OF_ONE", "32".to_owned()),
            ("HUIYIN__LIMITS__HANDSHAKES_PER_SECOND", "50".to_owned()),
            ("HUIYIN__LIMITS__HANDSHAKE_BURST", "100".to_owned()),
        ];
        for (name, value) in more {
            variables.retain(|(known, _)| known != name);
            variables.push((*name, (*value).to_owned()));
        }
        let up = Up::start_with(&variables).await;
        let honest = Honest::new(&up).await;
        let pid = up.pid(ServiceName::Intake);
        honest.round(LASTS).await;
        Self { up, honest, pid }
    }

    pub fn target(&self, who: &str) -> Target {
        Target::new(&self.up, who)
    }

    /// Rounds of calm and rounds under attack, in turns. The attacker has a thread of its own.
    pub async fn attacked<F: Future<Output = ()>>(
        &self,
        name: &str,
        attack: impl Fn(Target) -> F + Send + Clone + 'static,
    ) -> Outcome {
        let (mut calm, mut attacked) = (Vec::new(), Vec::new());
        forget_most(self.pid);
        let before = memory(self.pid);
        let (mut done, mut refused) = (0, 0);
        let (mut calmly, mut busily) = (0.0, 0.0);
        for _ in 0..rounds() {
            let began = processor(self.pid);
            calm.push(self.honest.round(LASTS).await);
            let attack_begins = processor(self.pid);
            let target = self.target("supervision-desk");
            let attacker = attacker(attack.clone(), target.clone());
            attacked.push(self.honest.round(LASTS).await);
            calmly += attack_begins - began;
            busily += processor(self.pid) - attack_begins;
            target.stop.cancel();
            let ended = tokio::task::spawn_blocking(move || attacker.join()).await;
            ended.unwrap().unwrap();
            done += target.done.load(Ordering::Relaxed);
            refused += target.refused.load(Ordering::Relaxed);
        }
        let each = LASTS.as_secs_f64() * rounds() as f64;
        let outcome = Outcome {
            name: name.to_owned(),
            calm,
            attacked,
            before,
            after: memory(self.pid),
            processors: (calmly / each, busily / each),
            done,
            refused,
        };
        println!("{outcome}");
        outcome
    }

    /// No exit and no panic, whatever was done; then the constellation ends.
    pub async fn survived(self) {
        assert_eq!(
            self.up.pid(ServiceName::Intake),
            self.pid,
            "it was started again"
        );
        let log = self.up.log(ServiceName::Intake);
        assert!(!log.contains("panicked"), "{log}");
        self.up.stop().await;
    }
}

/// Attacks from a thread of its own, which stands for machines of others: where processors are short, it is not the service
/// that goes without.
fn attacker<F: Future<Output = ()>>(
    attack: impl FnOnce(Target) -> F + Send + 'static,
    target: Target,
) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let thread = std::fs::read_link("/proc/thread-self").unwrap();
        let id = thread.file_name().unwrap();
        let reniced = std::process::Command::new("renice")
            .args(["-n", "10", "-p"])
            .arg(id)
            .output();
        if let Err(error) = reniced {
            eprintln!("the attacker is as important as the service: {error}");
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(attack(target));
    })
}

impl Outcome {
    /// Memory grew by no more than it may and no honest call failed; by night, their p99 grew by this factor at most.
    pub fn costs_others_at_most(&self, factor: f64) {
        let grown = self.after.most.saturating_sub(self.before.now);
        assert!(
            grown <= MOST_MEMORY,
            "{}: memory grew by {grown} KiB",
            self.name
        );
        let failed: usize = self.attacked.iter().map(|round| round.failed).sum();
        assert_eq!(failed, 0, "{}: honest calls failed", self.name);
        // how long calls take is measured by night, on a machine that does nothing else, against what a city runs; by day, beside
        // other work and without optimisation, it is told
        assert!(
            self.factor() <= factor || !crate::by_night(),
            "{}: the p99 of honest callers grew to {:.2} times what it was",
            self.name,
            self.factor()
        );
    }

    fn factor(&self) -> f64 {
        let p99 = |rounds| Round::together(rounds).p99().as_secs_f64();
        p99(&self.attacked) / p99(&self.calm)
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |rounds: &[Round]| {
            let mut words = String::new();
            for round in rounds {
                let ms = round.p99().as_secs_f64() * 1000.0;
                write!(words, "{ms:.1} ").unwrap();
            }
            words
        };
        let calls = |rounds: &[Round]| rounds.iter().map(|round| round.took.len()).sum::<usize>();
        writeln!(
            f,
            "{}: {} done, {} refused",
            self.name, self.done, self.refused
        )?;
        writeln!(
            f,
            "  honest p99 in ms, {} calls in calm: {}| {} calls attacked: {}| of all {:.1} and {:.1}, {:.2} times",
            calls(&self.calm),
            list(&self.calm),
            calls(&self.attacked),
            list(&self.attacked),
            Round::together(&self.calm).p99().as_secs_f64() * 1000.0,
            Round::together(&self.attacked).p99().as_secs_f64() * 1000.0,
            self.factor()
        )?;
        let (calmly, busily) = self.processors;
        write!(
            f,
            "  memory {} MiB before, at most {} MiB; {calmly:.2} processors used in calm, {busily:.2} attacked",
            self.before.now / 1024,
            self.after.most / 1024,
        )
    }
}
