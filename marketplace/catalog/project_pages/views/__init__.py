"""What people ask for of projects and services."""
