//! weir-receive
