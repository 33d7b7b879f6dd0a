"""What makes the times believable: delays that the clock must find, and what timing itself costs."""
