//! (metrics, replaced at merge)
use std::time::Duration;
#[derive(Default)]
pub struct Metrics;
impl Metrics {
    pub fn events_finished(&self, _done: usize, _failed: usize) {}
    pub fn changes_matched(&self, _count: usize) {}
    pub fn messages_stored(&self, _count: usize) {}
    pub fn attempt(&self, _outcome: &'static str, _duration: Duration) {}
}
