//! As a local server: 16 connections, one core for the gateway and one for client and provider.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::ensure;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::bed::{Bed, Setup, Subject, settled, us};
use crate::bodies;
use crate::process::Process;
use crate::report::{Row, Sample};
use crate::wire::{Acknowledging, Wire};

const CONNECTIONS: usize = 16;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(1);

pub(crate) async fn measure(bed: &Bed) -> anyhow::Result<Vec<Row>> {
    let mut floor = Server::start(bed, Subject::Floor).await?;
    let mut tollgate = Server::start(bed, Subject::Embedded).await?;
    for _ in 0..=ROUNDS {
        floor.round().await?;
        tollgate.round().await?;
    }
    let [floor, tollgate] = [floor.warm(), tollgate.warm()];
    let name = "local server, 16 connections, 1 KB";
    Ok(vec![
        Row::new(format!("{name}: rate"), "req/s")
            .wall(tollgate.rate)
            .floor(floor.rate.median())
            .at_least(12_000.0),
        Row::new(name, "µs").wall(tollgate.wall).cpu(tollgate.cpu).floor(floor.cpu.median()),
    ])
}

struct Server {
    process: Process,
    address: SocketAddr,
    request: Vec<u8>,
    rounds: Vec<Round>,
}

#[derive(Default)]
struct Round {
    wall: Sample,
    cpu: Sample,
    rate: Sample,
}

impl Server {
    async fn start(bed: &Bed, subject: Subject) -> anyhow::Result<Self> {
        let setup = Setup::of(subject, "plain");
        let (process, address) = bed.server(&setup).await?;
        let (body, secret) = (bodies::chat("plain", 1 << 10), bed.secret(&setup.subject));
        let request = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nuser-agent: bench\r\n\
             authorization: Bearer {secret}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        Ok(Self { process, address, request: request.into(), rounds: vec![] })
    }

    async fn round(&mut self) -> anyhow::Result<()> {
        settled().await;
        let (cpu, began) = (self.process.cpu()?, Instant::now());
        let mut clients = JoinSet::new();
        for _ in 0..CONNECTIONS {
            clients.spawn(client(self.address, self.request.clone(), began + ROUND));
        }
        let mut round = Round::default();
        while let Some(walls) = clients.join_next().await {
            round.wall.0.extend(walls??);
        }
        let (took, count) = (began.elapsed(), round.wall.0.len() as f64);
        settled().await;
        round.cpu.0.push(us(self.process.cpu()? - cpu) / count);
        round.rate.0.push(count / took.as_secs_f64());
        self.rounds.push(round);
        Ok(())
    }

    /// All rounds but the first.
    fn warm(self) -> Round {
        let rounds = &self.rounds[1..];
        let all = |of: fn(&Round) -> &Sample| {
            rounds.iter().flat_map(|round| of(round).0.iter().copied()).collect()
        };
        Round { wall: all(|r| &r.wall), cpu: all(|r| &r.cpu), rate: all(|r| &r.rate) }
    }
}

/// Asks again and again on one connection; gives the microseconds of each answer.
async fn client(address: SocketAddr, request: Vec<u8>, until: Instant) -> anyhow::Result<Vec<f64>> {
    let stream = TcpStream::connect(address).await?;
    let mut wire = Wire::new(stream, Acknowledging::Promptly);
    let mut walls = Vec::new();
    while Instant::now() < until {
        let began = Instant::now();
        wire.send(&request).await?;
        let head = wire.head().await?;
        let status = head.as_ref().map(|head| head.second_word().to_owned());
        ensure!(status.as_deref() == Some("200"), "an answer like {head:?}");
        wire.skip().await?;
        walls.push(us(began.elapsed()));
    }
    Ok(walls)
}
