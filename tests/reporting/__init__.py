"""Progress, tables and templates that several commands share."""
