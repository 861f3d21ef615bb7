//! weir-refresh
