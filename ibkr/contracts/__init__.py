"""Contracts: resolved from symbols, searched, described, kept between days."""
