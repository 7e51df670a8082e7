"""Understanding what callers say, deciding what to answer, and telling the agents what a call was about."""
