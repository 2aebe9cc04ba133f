"""Programs for those who work on SigID; nothing here is shipped."""
