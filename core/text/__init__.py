"""Text from outside made safe, and secrets struck out."""
