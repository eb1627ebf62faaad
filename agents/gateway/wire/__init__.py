"""What goes over the wire: the transport, the forms that providers speak, and what their replies mean."""
