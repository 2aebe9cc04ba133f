"""SigID, an identity platform: sign-in for people, tokens for services, OAuth 2.1, OpenID Connect. Start at `app`."""
