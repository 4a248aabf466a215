"""The database backend of a process that was given no database: it says so when it is used."""
