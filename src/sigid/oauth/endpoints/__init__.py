"""The protocol endpoints, a file each. `sigid.app` lists them."""
