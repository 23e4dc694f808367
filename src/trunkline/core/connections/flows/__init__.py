"""What connections do over the network: every verb here is asynchronous and opens its own short transactions."""
