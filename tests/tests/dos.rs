//! CRS 3.3.4's protection against denial of service (912xxx), with its own files, over transactions.

use std::{fs, path::Path};

use picket::{
    http::{self, Limits},
    rules::{
        load::{self, Wanted},
        program::{
            engine::Engine,
            run::{Facts, Scratch},
        },
    },
};

/// What CRS's set-up shows as an example (900700), with smaller numbers.
const SETUP: &str = r#"SecAction "id:900700,phase:1,nolog,pass,t:none,setvar:'tx.dos_burst_time_slice=60',\
setvar:'tx.dos_counter_threshold=10',setvar:'tx.dos_block_timeout=600'"
"#;

fn engine(folder: &Path, setup: &str, paranoia: u8) -> Engine {
    let file = folder.join("setup.conf");
    fs::write(&file, setup).expect("a file");
    let paths = vec![file, "/usr/share/modsecurity-crs".into()];
    let wanted = Wanted { paths, paranoia: Some(paranoia), ..Wanted::default() };
    load::load(&wanted).expect("CRS").engine.expect("rules")
}

struct Client<'e> {
    engine: &'e Engine,
    scratch: Scratch,
    transactions: u32,
}

impl Client<'_> {
    /// The rules of this class that were told, and the one that wanted the request kept back.
    fn asks(&mut self, now: i64, client: u8, target: &str) -> (Vec<u64>, Option<u64>) {
        let request =
            format!("GET {target} HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: Test\r\nAccept: */*\r\n\r\n");
        let exchange = http::exchange(request.as_bytes(), None, Limits::default());
        let facts = Facts::of_client([192, 0, 2, client].into(), 1_700_000_000 + now);
        let verdict = self.engine.judge(&exchange.request, None, &facts, &mut self.scratch);
        self.transactions += 1;
        let told = verdict.hits.iter().map(|hit| hit.rule.id).filter(|id| (912_000..913_000).contains(id));
        (told.collect(), verdict.denied.map(|(rule, _)| rule.id))
    }
}

#[test]
fn bursts_lead_to_a_block_that_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = engine(folder.path(), SETUP, 1);
    let mut client = Client { engine: &engine, scratch: Scratch::default(), transactions: 0 };
    let none = (vec![], None);
    // A first burst is noted, no more.
    for n in 0..10 {
        assert_eq!(client.asks(n, 1, "/"), none, "request {n}");
    }
    // Pictures and the like don't count.
    for n in 0..50 {
        assert_eq!(client.asks(n % 10, 1, "/logo.png"), none, "picture {n}");
    }
    // The second within the time slice is told in phase 5…
    for n in 10..19 {
        assert_eq!(client.asks(n, 1, "/"), none, "request {n}");
    }
    assert_eq!(client.asks(19, 1, "/"), (vec![912_170], None));
    // …and what comes then is dropped: told once a minute, silently in between.
    assert_eq!(client.asks(20, 1, "/"), (vec![912_120], Some(912_120)));
    for n in 21..80 {
        assert_eq!(client.asks(n, 1, "/"), (vec![], Some(912_130)), "request {n}");
    }
    let (told, denied) = client.asks(81, 1, "/");
    assert_eq!((told, denied), (vec![912_120], Some(912_120)));
    // Others are not concerned.
    assert_eq!(client.asks(81, 2, "/"), none);
    // 600 seconds behind the second burst it is over.
    assert_eq!(client.asks(618, 1, "/").1, Some(912_120));
    assert_eq!(client.asks(619, 1, "/"), none);
    println!("PICKET-CASES kind=dos_transaction ran={} failed=0", client.transactions);
    assert_eq!(client.transactions, 10 + 50 + 10 + 1 + 59 + 4);
}

#[test]
fn slow_clients_are_no_burst() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = engine(folder.path(), SETUP, 1);
    let mut client = Client { engine: &engine, scratch: Scratch::default(), transactions: 0 };
    // Ten requests in a minute and a bit, again and again: the burst before has been forgotten.
    for n in 0..100 {
        assert_eq!(client.asks(n * 7, 1, "/"), (vec![], None), "request {n}");
    }
}

#[test]
fn at_paranoia_level_2_one_burst_is_enough() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = engine(folder.path(), SETUP, 2);
    let mut client = Client { engine: &engine, scratch: Scratch::default(), transactions: 0 };
    for n in 0..9 {
        assert_eq!(client.asks(n, 1, "/").0, Vec::<u64>::new());
    }
    assert_eq!(client.asks(9, 1, "/").0, [912_171]);
    assert_eq!(client.asks(10, 1, "/").1, Some(912_120));
}

#[test]
fn without_a_set_up_nothing_is_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = engine(folder.path(), "# nothing\n", 1);
    let mut client = Client { engine: &engine, scratch: Scratch::default(), transactions: 0 };
    for n in 0..60 {
        assert_eq!(client.asks(n / 10, 1, "/"), (vec![], None));
    }
}
