"""The rules of an authorization request, a file each: what it refuses stands in its first comment.

A rule is a pure function from raw parameters (and what the tenant and the application are) to a value that is narrower
than what came in, or it raises OAuthError with its private reason. `authorization_request.read` applies them in order:
first what proves application and redirect URI (a page when it fails), then everything that is answered by redirect.
"""
