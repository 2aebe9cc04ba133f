package main

import (
	"testing"
)

const signInPage = `<form method="post" action="/signin?x=1&amp;y=2" data-testid="signin-form">
<input type="hidden" name="csrf" value="a&quot;b"><input name=email type=email required>
<input type='password' name='password'><input type="checkbox" name="remember" value="1">
<button type="submit">Sign in</button><button name="method" value="email_code">Mail me a code</button></form>`

func TestSignInFormIsFilledAsABrowserDoes(t *testing.T) {
	w := &worker{job: &Job{
		Host:     "localhost",
		Requests: []Request{{}},
		Fields:   []map[string]string{{"email": "ada@example.com", "password": "secret words"}},
	}}
	request, err := w.submit(Request{Path: "/oauth/authorize?client_id=web"}, signInPage)
	if err != nil {
		t.Fatal(err)
	}
	if request.Method != "POST" || request.Path != "/signin?x=1&y=2" {
		t.Fatalf("sent to %s %s", request.Method, request.Path)
	}
	if request.Body != "csrf=a%22b&email=ada%40example.com&password=secret+words" {
		t.Fatalf("sent %s", request.Body)
	}
}

func TestPageWithoutAKnownFormIsAnError(t *testing.T) {
	w := &worker{job: &Job{Requests: []Request{{}}, Fields: []map[string]string{{}}}}
	if _, err := w.submit(Request{Path: "/"}, `<form data-testid="recover-form"></form>`); err == nil {
		t.Fatal("it was submitted")
	}
}

func TestChunkedBodyIsReadToItsEnd(t *testing.T) {
	if _, whole := unchunk([]byte("5\r\nhello\r\n")); whole {
		t.Fatal("the last chunk has not come")
	}
	body, whole := unchunk([]byte("5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n"))
	if !whole || string(body) != "hello world" {
		t.Fatalf("got %q", body)
	}
}
