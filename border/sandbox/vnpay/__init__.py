"""VNPAY from the company's side: pay page, IPN, query and refund."""
