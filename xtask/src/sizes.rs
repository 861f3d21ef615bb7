//! The modules' sizes against their budgets: what a Worker weighs decides how fast it starts.

use std::io::Write;

use anyhow::Result;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::checkout::Checkout;
use crate::stamp::bytes;

/// Gzipped kilobytes (1,000 bytes) that each module may weigh.
const BUDGETS_KB: [(&str, usize); 3] = [("read", 350), ("receive", 350), ("refresh", 650)];

/// Prints a line per module; returns whether all keep their budget.
pub(crate) fn check(checkout: &Checkout) -> Result<bool> {
    println!("{:<10} {:>10} {:>10} {:>10}", "module", "wasm", "gzipped", "budget");
    let mut all_within = true;
    for (function, budget_kb) in BUDGETS_KB {
        let wasm = bytes(&checkout.module(function))?;
        let gzipped = gzipped_len(&wasm)?;
        let within = gzipped <= budget_kb * 1000;
        all_within &= within;
        let verdict = if within { "" } else { "  over" };
        println!("{function:<10} {:>10} {:>10} {:>7} kB{verdict}", kb(wasm.len()), kb(gzipped), budget_kb);
    }
    Ok(all_within)
}

fn gzipped_len(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

fn kb(bytes: usize) -> String {
    format!("{} kB", bytes.div_ceil(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_gzip_and_rounded_up() {
        assert!(gzipped_len(&vec![0; 100_000]).expect("in memory") < 1000);
        assert_eq!(kb(350_001), "351 kB");
    }
}
