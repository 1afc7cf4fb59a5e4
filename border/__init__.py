"""The ground floor: the words, records, money and events that the goods and the trucks stand on.

It knows no declaration and no booking. Packages above import it; it imports none of them.
"""
