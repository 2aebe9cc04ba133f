package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
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

// A provider in two steps: the pages between authorization and callback, with a cookie and a token against forgery.
func TestSignInGoesThroughThePagesToTheCallback(t *testing.T) {
	const page = `<form method="post" data-testid="%s"><input type="hidden" name="csrf" value="token">
		<input name="email"><input name="password"><button name="decision" value="allow">Go on</button></form>`
	handler := http.NewServeMux()
	handler.HandleFunc("/authorize", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "interaction", Value: "1", Path: "/"})
		http.Redirect(w, r, "/signin", http.StatusSeeOther)
	})
	handler.HandleFunc("/signin", func(w http.ResponseWriter, r *http.Request) {
		if cookie, err := r.Cookie("interaction"); err != nil || cookie.Value != "1" {
			http.Error(w, "no cookie", http.StatusBadRequest)
			return
		}
		if r.Method == http.MethodGet {
			fmt.Fprintf(w, page, "signin-form")
			return
		}
		if r.FormValue("csrf") != "token" || r.FormValue("password") != "right" {
			fmt.Fprintf(w, `<p role="alert">No.</p>`+page, "signin-form")
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "s", Path: "/"})
		http.Redirect(w, r, "/join", http.StatusSeeOther)
	})
	handler.HandleFunc("/join", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			fmt.Fprintf(w, page, "join-form")
			return
		}
		if r.FormValue("decision") == "allow" {
			http.Redirect(w, r, "http://127.0.0.1:1/callback?code=c0de&state=s", http.StatusSeeOther)
		}
	})
	server := httptest.NewServer(handler)
	defer server.Close()

	address := strings.TrimPrefix(server.URL, "http://")
	signInWith := func(password string) (*worker, error) {
		w := &worker{connection: newConnection(address), job: &Job{
			Host:     address,
			Requests: []Request{{Method: "GET", Path: "/authorize"}},
			Callback: "http://127.0.0.1:1/callback",
			Fields:   []map[string]string{{"email": "ada@example.com", "password": password}},
		}}
		return w, signIn(w)
	}
	w, err := signInWith("right")
	if err != nil || len(w.values) != 1 || w.values[0] != "c0de" || !strings.Contains(w.cookies, "session=s") {
		t.Fatalf("got %v, %v, %s", w.values, err, w.cookies)
	}
	if _, err := signInWith("wrong"); err == nil {
		t.Fatal("a wrong password signed in")
	}
}
