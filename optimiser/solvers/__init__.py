"""What solves the problem: the cvxpy reference, the active-set engine, Clarabel."""
