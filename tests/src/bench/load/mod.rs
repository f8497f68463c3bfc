//! What is sent at Picket and at the services it watches.

pub mod attacker;
pub mod frame;
pub mod open_loop;
pub mod request;
pub mod wrk;
