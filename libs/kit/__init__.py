"""The tools that every service needs and nothing more: settings, database, problems, tokens, lists, formats."""
