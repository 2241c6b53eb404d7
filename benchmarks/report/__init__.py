"""Budgets, and the page of results."""
