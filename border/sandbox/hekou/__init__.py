"""The customs of Hekou, across the river: how many trucks it takes in, as long as it says so."""
