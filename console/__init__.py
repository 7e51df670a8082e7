"""Pages and answers for people and machines that look after the bot."""
