"""The tables that rules exchange: their schemas and their files."""
