//! Where time goes: captured stacks as call trees, flame graphs and differences.
