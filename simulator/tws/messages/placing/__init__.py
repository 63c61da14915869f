"""The placeOrder request and what it carries: its layout, conditions and moments."""
