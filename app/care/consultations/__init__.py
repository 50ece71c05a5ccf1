"""The client's page, the health worker's consultation and what people decided."""
