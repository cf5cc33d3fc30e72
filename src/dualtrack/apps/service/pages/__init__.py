"""Pages of customer service: the customer's chat and the team's desk."""
