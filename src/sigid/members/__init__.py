"""What a tenant sees of its people: tenant users, their statuses, and how they join."""
