//! The stand-in as its callers see it: over HTTP and as a process.

#[cfg(test)]
mod commands;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod process;
#[cfg(test)]
mod quota;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod running;
#[cfg(test)]
mod validators;
