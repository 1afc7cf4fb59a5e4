"""What is owed and how it is paid: charges, payments, attempts at a gateway, and the tariff.

A charge is owed on a subject, given by its reference; this package knows no declaration and no
booking. Whoever made the charge listens to `charge.settle`.
"""
