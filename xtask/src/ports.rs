//! Ports: whether the wanted ones are free, said before anything is started.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result, bail};

/// A port somebody chose, and what for.
pub(crate) struct Wanted {
    pub(crate) port: u16,
    pub(crate) purpose: &'static str,
    pub(crate) flag: &'static str,
}

/// Fails with one line that names the port, its purpose and the flag that changes it.
pub(crate) fn check_free(wanted: &[Wanted]) -> Result<()> {
    for Wanted { port, purpose, flag } in wanted {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, *port)) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                bail!(
                    "port {port}, wanted for {purpose}, is taken: stop what uses it or choose another with {flag} PORT"
                )
            }
            Err(error) => {
                bail!("port {port}, wanted for {purpose}, cannot be used ({error}): choose another with {flag} PORT")
            }
        }
    }
    Ok(())
}

/// Fails with one line where one port is wanted for two purposes.
pub(crate) fn check_distinct(wanted: &[Wanted]) -> Result<()> {
    for (index, Wanted { port, purpose, flag }) in wanted.iter().enumerate() {
        let earlier = wanted.iter().take(index).find(|other| other.port == *port);
        if let Some(other) = earlier {
            bail!("port {port} is chosen twice, for {} and for {purpose}: give {flag} another one", other.purpose);
        }
    }
    Ok(())
}

/// A port that is free right now.
pub(crate) fn any_free() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_names_port_purpose_and_flag() {
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = holder.local_addr().expect("bound").port();
        let error = check_free(&[Wanted { port, purpose: "Postgres", flag: "--postgres-port" }]).expect_err("taken");
        let text = error.to_string();
        for part in [&port.to_string(), "Postgres", "--postgres-port"] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn one_port_for_two_purposes_is_refused() {
        let port = 8787;
        let wanted = [
            Wanted { port, purpose: "the Workers", flag: "--port" },
            Wanted { port, purpose: "the demo", flag: "--demo-port" },
        ];
        assert!(check_distinct(&wanted).expect_err("twice").to_string().contains("chosen twice"));
    }
}
