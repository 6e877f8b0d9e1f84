"""Trainings from data to the chip, each one command."""
