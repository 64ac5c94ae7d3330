"""What follows from the register: read models, attendance, alerts, and what an authority pulls."""
