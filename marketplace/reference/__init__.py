"""The reference of everything this site answers to: one OpenAPI document and its pages."""
