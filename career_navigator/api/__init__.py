"""Base classes and helpers for the apps' endpoints, built on Django REST framework."""
