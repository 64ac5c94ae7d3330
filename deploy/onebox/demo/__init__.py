"""The demonstration: invented schools in real authorities, kept through the API by a small MIS."""
